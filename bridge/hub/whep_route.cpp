#include "hub/whep_route.hpp"

#include <asio/this_coro.hpp>

#include "core/log.hpp"
#include "hub/clock.hpp"
#include "hub/responses.hpp"
#include "proto/rtc/sdp.hpp"

namespace camspan::hub {
namespace {

constexpr const char* kFragmentType = "application/trickle-ice-sdpfrag";
constexpr std::size_t kMaxFragmentBytes = 16 << 10;
constexpr std::size_t kMaxParamsBytes = 4096;
constexpr int kRetryRefused = 30;
// Proxies close what is silent for a minute.
constexpr std::chrono::seconds kComment{15};

Problem wrong_method(const char* allowed) {
  return {Cause::method_not_allowed, std::string("Use one of: ") + allowed + ".", {}, {{"allow", allowed}}};
}

Problem unknown_camera(std::string_view id) {
  return {
      Cause::unknown_device, "There is no device " + std::string(id) + " here. GET /api/devices lists them.", {}, {}};
}

bool has_type(const net::RequestHead& request, std::string_view type) {
  const auto value = request.headers.find("content-type");
  if (!value) return false;
  const std::string_view own = value->substr(0, value->find_first_of("; "));
  return std::equal(own.begin(), own.end(), type.begin(), type.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

Problem wrong_type(const char* type) {
  return {Cause::wrong_type, std::string("The body is ") + type + ", named in content-type.", {}, {}};
}

Problem sdp_problem(const rtc::SdpError& error) {
  const Cause cause = error.status() == 400                    ? Cause::bad_sdp
                      : error.cause() == "too-many-candidates" ? Cause::too_many_candidates
                      : error.status() == 413                  ? Cause::too_large
                                                               : Cause::not_acceptable;
  return {cause, error.sentence, {}, {}};
}

std::optional<Right> right_of(std::string_view action) {
  if (action.empty() || action == "live") return Right::live;
  if (action == "playback" || action == "download") return Right::playback;
  if (action == "voice") return Right::talk;
  return std::nullopt;
}

/// Ends the session unless the viewer got its answer.
struct Unless {
  WhepSessions& sessions;
  std::shared_ptr<WhepSession> session;
  bool joined = false;
  ~Unless() {
    if (!joined) sessions.close(*session, "not-joined");
  }
};

/// An event as text/event-stream has it; every line of the data on its own.
std::string event_text(const WhepSession::Event& event) {
  std::string text = "event: " + event.name + "\ndata: ";
  for (const char c : event.data) {
    text += c;
    if (c == '\n') text += "data: ";
  }
  return text + "\n\n";
}

}  // namespace

Result<WhepRequest> parse_whep_request(std::string_view query) {
  if (query.size() > kMaxParamsBytes) return fail(Errc::malformed);
  WhepRequest request{{}, Right::live, false};
  std::string_view action;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const std::string_view key = pair.substr(0, pair.find('='));
    if (pair == "_trickle=1") request.trickle = true;
    if (key.empty() || key == "token" || key.starts_with('_')) continue;
    if (key == "action") action = pair.substr(std::min(pair.size(), key.size() + 1));
    if (!request.params.empty()) request.params += '&';
    request.params += pair;
  }
  const auto right = right_of(action);
  if (!right) return fail(Errc::malformed);
  request.right = *right;
  return request;
}

std::vector<std::string> ice_links(const std::vector<net::IceServer>& servers) {
  std::vector<std::string> links;
  for (const net::IceServer& server : servers) {
    std::string link = "<" + server.url + ">; rel=\"ice-server\"";
    if (!server.username.empty())
      link += "; username=\"" + server.username + "\"; credential=\"" + server.credential +
              "\"; credential-type=\"password\"";
    links.push_back(std::move(link));
  }
  return links;
}

asio::awaitable<void> WhepRoute::handle(net::HttpExchange& exchange, std::string rest) {
  const auto slash = rest.find('/');
  if (slash == std::string::npos) {
    co_await join(exchange, std::move(rest));
    co_return;
  }
  const auto device = DeviceId::parse(std::string_view(rest).substr(0, slash));
  if (!device) {
    co_await send_problem(exchange, unknown_camera(rest.substr(0, slash)));
    co_return;
  }
  co_await session(exchange, *device, rest.substr(slash + 1));
}

/// All that is asked before the camera is: the viewer's right, and an offer that can be answered.
asio::awaitable<tl::expected<WhepRoute::Wish, Problem>> WhepRoute::read_wish(net::HttpExchange& exchange,
                                                                             std::string id) {
  const net::RequestHead& request = exchange.request();
  if (request.method != "POST") co_return tl::unexpected(wrong_method("POST"));
  const auto device = DeviceId::parse(id);
  if (!device) co_return tl::unexpected(unknown_camera(id));
  const auto wanted = parse_whep_request(request.query);
  if (!wanted)
    co_return tl::unexpected(
        Problem{Cause::bad_request, "The parameter action is live, playback, download or voice.", {}, {}});
  auto viewer = host_.admit(request, *device, wanted->right);
  if (!viewer) co_return tl::unexpected(std::move(viewer.error()));
  if (!has_type(request, "application/sdp")) co_return tl::unexpected(wrong_type("application/sdp"));
  auto sdp = co_await read_text(exchange, rtc::kMaxSdpBytes);
  if (!sdp) co_return tl::unexpected(std::move(sdp.error()));
  const auto offer = rtc::parse_data_offer(*sdp);
  if (!offer) co_return tl::unexpected(sdp_problem(offer.error()));
  net::ViewerOffer asked;
  asked.viewer = std::move(viewer->subject);
  asked.allow = std::move(viewer->allow);
  asked.params = wanted->params;
  asked.sdp = std::move(*sdp);
  asked.trickle = wanted->trickle;
  Wish wish{*device, std::move(asked), offer->ice.ufrag};
  co_return wish;
}

/// Gives the offer to the camera.
WhepRoute::Opened WhepRoute::offer(Wish wish, const asio::any_io_executor& executor) {
  auto camera = host_.camera(wish.device);
  if (!camera) return tl::unexpected(std::move(camera.error()));
  auto session = sessions_.open(wish.device, executor);
  if (!session) return session;
  (*session)->viewer_ufrag = std::move(wish.ufrag);
  wish.offer.session = (*session)->id;
  (*camera)->tell(wish.offer);
  return session;
}

asio::awaitable<void> WhepRoute::join(net::HttpExchange& exchange, std::string id) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto wish = co_await read_wish(exchange, std::move(id));
  Opened opened;
  bool trickle = false;
  if (wish) {
    trickle = wish->offer.trickle;
    opened = offer(std::move(*wish), executor);
  } else {
    opened = tl::unexpected(std::move(wish.error()));
  }
  if (!opened) {
    co_await send_problem(exchange, std::move(opened.error()));
    co_return;
  }
  const std::shared_ptr<WhepSession> session = *opened;
  Unless guard{sessions_, session};
  co_await wait_for_answer(session, trickle);
  if (!session->answer || session->lost) {
    co_await refuse(exchange, session);
    co_return;
  }
  guard.joined = true;
  const bool sent = co_await send_answer(exchange, session, trickle);
  if (sent) co_return;
  // The viewer went away and does not know its session.
  tell_camera(*session, net::signal::Bye{session->id, "viewer-left"});
  sessions_.close(*session, "viewer-left");
}

asio::awaitable<bool> WhepRoute::send_answer(net::HttpExchange& exchange, std::shared_ptr<WhepSession> session,
                                             bool trickle) {
  http::Headers headers{{"location", "/whep/" + session->device.str() + "/" + session->id},
                        {"etag", session->etag()},
                        {"content-type", "application/sdp"},
                        {"accept-patch", kFragmentType},
                        {"cache-control", "no-store"}};
  for (std::string& link : ice_links(host_.ice_servers(*session))) headers.append("link", std::move(link), true);
  std::string answer = *session->answer;
  if (!trickle) answer = rtc::with_candidates(answer, session->candidates, session->candidates_end);
  const auto head = co_await exchange.send_head(201, std::move(headers), answer.size());
  if (!head) co_return false;
  const auto written = co_await exchange.write(as_bytes(answer));
  if (!written) co_return false;
  const auto finished = co_await exchange.finish();
  co_return finished.has_value();
}

/// Until the camera has answered, or will not; without trickle, until its last candidate or the end of the time.
asio::awaitable<void> WhepRoute::wait_for_answer(std::shared_ptr<WhepSession> session, bool trickle) {
  const auto over = [&session] { return session->answer || session->rejection || session->lost; };
  const TimePoint deadline = steady_now() + times_.answer;
  bool in_time = true;
  while (!over() && in_time) in_time = co_await session->answered.wait_until(deadline);
  if (!over()) {
    ++sessions_.counters.unanswered;
    session->lost = Problem{Cause::no_answer,
                            "The camera " + session->device.str() + " is connected, but did not answer within " +
                                std::to_string(times_.answer.count()) + " ms. Try again.",
                            {},
                            {}};
    tell_camera(*session, net::signal::Bye{session->id, "not-answered"});
    co_return;
  }
  if (trickle || !session->answer) co_return;
  const TimePoint gathered = steady_now() + times_.gather;
  in_time = true;
  while (in_time && !session->candidates_end && !session->ended)
    in_time = co_await session->answered.wait_until(gathered);
}

/// Says why the viewer gets no answer: in the camera's words, or in ours.
asio::awaitable<void> WhepRoute::refuse(net::HttpExchange& exchange, std::shared_ptr<WhepSession> session) {
  if (!session->rejection) {
    Problem problem = session->lost.value_or(retry_later(Cause::no_answer, "The camera did not answer.", 5));
    co_await send_problem(exchange, std::move(problem));
    co_return;
  }
  const net::signal::Reject& rejection = *session->rejection;
  log::debug("hub", session->device.str(), " refuses a viewer: ", rejection.reason);
  http::Headers headers{{"content-type", "application/problem+json"},
                        {"camspan-problem", rejection.reason},
                        {"cache-control", "no-store"}};
  if (rejection.status == 503) headers.append("retry-after", std::to_string(kRetryRefused));
  std::string body = net::problem_json(rejection.status, rejection.reason, "The camera refuses the viewer",
                                       "The camera " + session->device.str() + " refuses: " + rejection.reason + ".");
  co_await send_body(exchange, rejection.status, std::move(headers), std::move(body));
}

asio::awaitable<void> WhepRoute::session(net::HttpExchange& exchange, DeviceId device, std::string id) {
  const auto session = sessions_.find(device, id);
  const std::string& method = exchange.request().method;
  if (!session) {
    Problem problem{Cause::unknown_session, "This session is over, or never was. Join anew by POST.", {}, {}};
    co_await send_problem(exchange, std::move(problem));
  } else if (method == "GET") {
    co_await listen(exchange, session);
  } else if (method == "PATCH") {
    co_await patch(exchange, session);
  } else if (method == "DELETE") {
    co_await leave(exchange, session);
  } else {
    co_await send_problem(exchange, wrong_method("GET, PATCH, DELETE"));
  }
}

asio::awaitable<void> WhepRoute::listen(net::HttpExchange& exchange, std::shared_ptr<WhepSession> session) {
  const std::uint64_t number = ++session->listener;
  session->news.notify();  // an older one ends
  http::Headers headers{
      {"content-type", "text/event-stream"}, {"cache-control", "no-store"}, {"x-content-type-options", "nosniff"}};
  const auto head = co_await exchange.send_head(200, std::move(headers), std::nullopt);
  if (!head) co_return;
  std::string text = ":\n\n";  // the browser's `open` comes with it through every proxy
  std::size_t told = 0;
  while (session->listener == number) {
    told = std::max(told, session->events_before);
    for (; told < session->events_before + session->events.size(); ++told)
      text += event_text(session->events[told - session->events_before]);
    if (!text.empty()) {
      const auto written = co_await exchange.write(as_bytes(text));
      if (!written) co_return;
      text.clear();
      continue;
    }
    if (session->ended) break;
    const bool news = co_await session->news.wait_until(steady_now() + kComment);
    if (!news) text = ":\n\n";
  }
  session->news.notify();  // it may have been meant for the newer one
  static_cast<void>(co_await exchange.finish());
}

asio::awaitable<void> WhepRoute::patch(net::HttpExchange& exchange, std::shared_ptr<WhepSession> session) {
  const net::RequestHead& request = exchange.request();
  const std::string match(request.headers.find("if-match").value_or("*"));
  std::optional<Problem> problem;
  if (!has_type(request, kFragmentType)) problem = wrong_type(kFragmentType);
  if (!problem && match != "*" && match != session->etag())
    problem = Problem{Cause::stale, "ICE was restarted since. Use the newest ETag.", {}, {{"etag", session->etag()}}};
  if (problem) {
    co_await send_problem(exchange, std::move(*problem));
    co_return;
  }
  auto text = co_await read_text(exchange, kMaxFragmentBytes);
  if (!text) {
    co_await send_problem(exchange, std::move(text.error()));
    co_return;
  }
  const auto fragment = rtc::parse_fragment(*text);
  if (!fragment) problem = sdp_problem(fragment.error());
  if (fragment && session->viewer_candidates + fragment->candidates.size() > rtc::kMaxCandidates)
    problem = Problem{Cause::too_many_candidates,
                      "A session has at most " + std::to_string(rtc::kMaxCandidates) + " candidates.",
                      {},
                      {}};
  if (problem) {
    co_await send_problem(exchange, std::move(*problem));
    co_return;
  }
  const bool restarts = !fragment->ice.pwd.empty() && fragment->ice.ufrag != session->viewer_ufrag;
  if (restarts) {
    session->viewer_ufrag = fragment->ice.ufrag;
    session->viewer_candidates = 0;
    ++session->generation;
    session->restart_awaited = !session->camera_restart;
    tell_camera(*session, net::ViewerRestart{session->id, fragment->ice.ufrag, fragment->ice.pwd});
  }
  session->viewer_candidates += fragment->candidates.size();
  for (const rtc::Candidate& candidate : fragment->candidates)
    tell_camera(*session, net::ViewerCandidate{session->id, candidate.line, candidate.mid, session->viewer_ufrag});
  if (fragment->end_of_candidates)
    tell_camera(*session, net::ViewerCandidate{session->id, {}, {}, session->viewer_ufrag});
  if (restarts) {
    co_await restart(exchange, session);
    co_return;
  }
  http::Headers headers{{"etag", session->etag()}};
  const auto head = co_await exchange.send_head(204, std::move(headers), 0);
  if (head) static_cast<void>(co_await exchange.finish());
}

/// Answers a restart with the camera's new credentials: of the restart it asked for, or those it now answers with.
asio::awaitable<void> WhepRoute::restart(net::HttpExchange& exchange, std::shared_ptr<WhepSession> session) {
  const TimePoint deadline = steady_now() + times_.answer;
  bool in_time = true;
  while (!session->camera_restart && !session->ended && in_time)
    in_time = co_await session->restarted.wait_until(deadline);
  if (!session->camera_restart) {
    Problem problem{Cause::no_answer, "The camera did not answer the restart. Join anew by POST.", {}, {}};
    co_await send_problem(exchange, std::move(problem));
    co_return;
  }
  rtc::SdpFragment fragment;
  fragment.ice = {session->camera_restart->ufrag, session->camera_restart->pwd};
  session->camera_restart.reset();
  http::Headers headers{{"content-type", kFragmentType}, {"etag", session->etag()}, {"cache-control", "no-store"}};
  std::string body = rtc::write_fragment(fragment);
  co_await send_body(exchange, 200, std::move(headers), std::move(body));
}

asio::awaitable<void> WhepRoute::leave(net::HttpExchange& exchange, std::shared_ptr<WhepSession> session) {
  tell_camera(*session, net::signal::Bye{session->id, "viewer-left"});
  sessions_.close(*session, "viewer-left");
  http::Headers headers{{"cache-control", "no-store"}};
  std::string nothing;
  co_await send_body(exchange, 200, std::move(headers), std::move(nothing));
}

void WhepRoute::tell_camera(const WhepSession& session, const net::signal::Message& message) {
  // A camera that is not reached now hears nothing; it sees by ICE that a viewer has gone.
  if (const auto camera = host_.camera(session.device)) (*camera)->tell(message);
}

}  // namespace camspan::hub
