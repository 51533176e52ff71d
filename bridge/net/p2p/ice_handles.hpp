/// Owners of what libnice and GLib give out.
#pragma once

#include <nice/agent.h>
#include <nice/interfaces.h>
#include <memory>

namespace camspan::net {

struct FreeGlib {
  void operator()(gchar* text) const noexcept { g_free(text); }
  void operator()(NiceCandidate* candidate) const noexcept { nice_candidate_free(candidate); }
  void operator()(GPtrArray* array) const noexcept { g_ptr_array_unref(array); }
};
using GlibText = std::unique_ptr<gchar, FreeGlib>;
using NiceCandidatePtr = std::unique_ptr<NiceCandidate, FreeGlib>;
using GlibArray = std::unique_ptr<GPtrArray, FreeGlib>;

}  // namespace camspan::net
