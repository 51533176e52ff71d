/// A piece of a live stream that a camera kept while it was offline, and sent by the file service.
#pragma once

#include <asio/awaitable.hpp>
#include <optional>

#include "hub/file_session.hpp"
#include "hub/ingest_route.hpp"
#include "proto/link/file_request.hpp"

namespace camspan::hub {

/// Puts the file of `session` into the recordings, like a body of /ingest with camspan-stream, -first and -start.
/// @param exchange  the request that asks for it; it is not answered here
/// @return why not all of its tags are on stable storage; none = they are
asio::awaitable<std::optional<Problem>> file_spool_piece(IngestRoute& ingest, recordings::Recorder& recorder,
                                                         net::HttpExchange& exchange, FileSession& session,
                                                         link::SpoolName name);

}  // namespace camspan::hub
