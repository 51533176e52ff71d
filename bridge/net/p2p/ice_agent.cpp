#include "net/p2p/ice_agent.hpp"

#include <sys/socket.h>
#include <algorithm>
#include <array>

#include "core/log.hpp"
#include "net/p2p/ice_handles.hpp"
#include "net/p2p/ice_server.hpp"

namespace camspan::net {
namespace {

constexpr unsigned kComponent = 1;
// Between two checks. RFC 8445 section 14 allows 5 ms; libnice's 20 ms are most of the time a connection takes to open.
constexpr unsigned kPacing_ms = 5;
// A key frame arrives as one burst; the system's default of some 200 KB overflows at 50 ms RTT.
constexpr int kSocketBuffer = 1 << 20;
constexpr int kDscpShift = 2;  // the two low bits are ECN, RFC 3168
constexpr std::size_t kMaxRemoteCandidates = NICE_AGENT_MAX_REMOTE_CANDIDATES;

const char* type_name(NiceCandidateType type) {
  switch (type) {
    case NICE_CANDIDATE_TYPE_HOST:
      return "host";
    case NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE:
      return "srflx";
    case NICE_CANDIDATE_TYPE_PEER_REFLEXIVE:
      return "prflx";
    case NICE_CANDIDATE_TYPE_RELAYED:
      return "relay";
  }
  return "host";
}

// An ordinary process gets what net.core.rmem_max allows, a privileged one what it asks for.
void set_buffer(int socket, int name, int forced_name) {
  if (setsockopt(socket, SOL_SOCKET, forced_name, &kSocketBuffer, sizeof(kSocketBuffer)) == 0) return;
  setsockopt(socket, SOL_SOCKET, name, &kSocketBuffer, sizeof(kSocketBuffer));
}

bool is_link_local(std::string_view address) {
  return address.starts_with("fe80:") || address.starts_with("169.254.");
}

std::vector<std::string> host_addresses() {
  std::vector<std::string> addresses;
  GList* found = nice_interfaces_get_local_ips(FALSE);
  for (const GList* at = found; at != nullptr; at = at->next) {
    const std::string_view address = static_cast<const gchar*>(at->data);
    if (!is_link_local(address)) addresses.emplace_back(address);
  }
  g_list_free_full(found, g_free);
  return addresses;
}

std::vector<std::string> addresses_of(const IceSettings& settings) {
  std::vector<std::string> addresses = settings.addresses.empty() ? host_addresses() : settings.addresses;
  if (settings.loopback && std::ranges::find(addresses, "127.0.0.1") == addresses.end())
    addresses.emplace_back("127.0.0.1");
  return addresses;
}

}  // namespace

struct IceAgent::Impl {
  Impl(P2pThread& thread, const IceSettings& settings, Role role, Observer& observer);
  ~Impl();

  Result<> gather(const std::vector<IceServer>& servers);
  void enlarge_buffers();
  std::size_t send(const rtc::Datagrams& datagrams);
  void take_state(unsigned state);

  static void on_candidate(NiceAgent* agent, NiceCandidate* candidate, gpointer self);
  static void on_gathered(NiceAgent* agent, guint stream, gpointer self);
  static void on_pair(NiceAgent* agent, guint stream, guint component, NiceCandidate* local, NiceCandidate* remote,
                      gpointer self);
  static void on_state(NiceAgent* agent, guint stream, guint component, guint state, gpointer self);
  static void on_receive(NiceAgent* agent, guint stream, guint component, guint size, gchar* data, gpointer self);

  IceSettings settings;
  std::vector<std::string> gathered_on;
  Observer& observer;
  NiceAgent* agent;
  guint stream = 0;
  std::size_t remote_candidates = 0;
  bool connected = false;
};

IceAgent::Impl::Impl(P2pThread& thread, const IceSettings& from, Role role, Observer& told)
    : settings(from), observer(told) {
  agent = nice_agent_new_full(thread.context(), NICE_COMPATIBILITY_RFC5245, NICE_AGENT_OPTION_ICE_TRICKLE);
  g_object_set(agent, "upnp", FALSE, "ice-tcp", settings.tcp ? TRUE : FALSE, "controlling-mode",
               role == Role::controlling ? TRUE : FALSE, "force-relay", settings.relay_only ? TRUE : FALSE,
               "stun-pacing-timer", kPacing_ms, nullptr);
  g_signal_connect(agent, "new-candidate-full", G_CALLBACK(&Impl::on_candidate), this);
  g_signal_connect(agent, "candidate-gathering-done", G_CALLBACK(&Impl::on_gathered), this);
  g_signal_connect(agent, "new-selected-pair-full", G_CALLBACK(&Impl::on_pair), this);
  g_signal_connect(agent, "component-state-changed", G_CALLBACK(&Impl::on_state), this);
  stream = nice_agent_add_stream(agent, 1);
  if (settings.dscp >= 0) nice_agent_set_stream_tos(agent, stream, settings.dscp << kDscpShift);
  if (settings.min_port != 0 || settings.max_port != 0)
    nice_agent_set_port_range(agent, stream, kComponent, settings.min_port,
                              settings.max_port != 0 ? settings.max_port : 65535);
  nice_agent_attach_recv(agent, stream, kComponent, thread.context(), &Impl::on_receive, this);
}

IceAgent::Impl::~Impl() {
  g_signal_handlers_disconnect_by_data(agent, this);
  nice_agent_attach_recv(agent, stream, kComponent, nullptr, nullptr, nullptr);
  // The relays are given back, which takes an exchange with the server.
  nice_agent_close_async(
      agent, [](GObject* closed, GAsyncResult* /*result*/, gpointer /*data*/) { g_object_unref(closed); }, nullptr);
}

Result<> IceAgent::Impl::gather(const std::vector<IceServer>& servers) {
  gathered_on = addresses_of(settings);
  if (gathered_on.empty()) return fail(Errc::unreachable);
  for (const auto& text : gathered_on) {
    NiceAddress address;
    nice_address_init(&address);
    if (nice_address_set_from_string(&address, text.c_str())) nice_agent_add_local_address(agent, &address);
  }
  for (const auto& server : servers) use_server(agent, stream, server);
  if (!nice_agent_gather_candidates(agent, stream)) return fail(Errc::unreachable);
  enlarge_buffers();
  return {};
}

void IceAgent::Impl::enlarge_buffers() {
  const GlibArray sockets(nice_agent_get_sockets(agent, stream, kComponent));
  for (guint i = 0; sockets != nullptr && i < sockets->len; ++i) {
    const int fd = g_socket_get_fd(static_cast<GSocket*>(g_ptr_array_index(sockets.get(), i)));
    set_buffer(fd, SO_RCVBUF, SO_RCVBUFFORCE);
    set_buffer(fd, SO_SNDBUF, SO_SNDBUFFORCE);
  }
}

void IceAgent::Impl::on_candidate(NiceAgent* agent, NiceCandidate* candidate, gpointer self) {
  const GlibText line(nice_agent_generate_local_candidate_sdp(agent, candidate));
  std::string_view text = line.get();
  if (text.starts_with("a=")) text.remove_prefix(2);
  static_cast<Impl*>(self)->observer.on_ice_candidate(text);
}

void IceAgent::Impl::on_gathered(NiceAgent* /*agent*/, guint /*stream*/, gpointer self) {
  static_cast<Impl*>(self)->observer.on_ice_candidate("");
}

void IceAgent::Impl::on_pair(NiceAgent* /*agent*/, guint /*stream*/, guint /*component*/, NiceCandidate* local,
                             NiceCandidate* remote, gpointer self) {
  auto& impl = *static_cast<Impl*>(self);
  impl.connected = true;
  PathInfo path;
  path.local_type = type_name(local->type);
  path.remote_type = type_name(remote->type);
  path.protocol = local->transport == NICE_CANDIDATE_TRANSPORT_UDP ? "udp" : "tcp";
  path.relayed = local->type == NICE_CANDIDATE_TYPE_RELAYED || remote->type == NICE_CANDIDATE_TYPE_RELAYED;
  impl.observer.on_ice_path(path);
}

void IceAgent::Impl::on_state(NiceAgent* /*agent*/, guint /*stream*/, guint /*component*/, guint state, gpointer self) {
  static_cast<Impl*>(self)->take_state(state);
}

// Without a path, failing means that no pair worked so far: checks of the peer can still make one.
void IceAgent::Impl::take_state(unsigned state) {
  if (state == NICE_COMPONENT_STATE_FAILED && connected) observer.on_ice_lost();
}

void IceAgent::Impl::on_receive(NiceAgent* /*agent*/, guint /*stream*/, guint /*component*/, guint size, gchar* data,
                                gpointer self) {
  static_cast<Impl*>(self)->observer.on_ice_datagram(ByteView(reinterpret_cast<const std::byte*>(data), size));
}

std::size_t IceAgent::Impl::send(const rtc::Datagrams& datagrams) {
  constexpr std::size_t kBatch = 64;
  std::array<GOutputVector, kBatch> vectors;
  std::array<NiceOutputMessage, kBatch> messages;
  std::size_t refused = 0;
  for (std::size_t begin = 0; begin < datagrams.size(); begin += kBatch) {
    const std::size_t count = std::min(kBatch, datagrams.size() - begin);
    for (std::size_t i = 0; i < count; ++i) {
      const ByteView datagram = datagrams[begin + i];
      vectors[i] = {datagram.data(), datagram.size()};
      messages[i] = {&vectors[i], 1};
    }
    const int sent = nice_agent_send_messages_nonblocking(agent, stream, kComponent, messages.data(),
                                                          static_cast<guint>(count), nullptr, nullptr);
    refused += count - static_cast<std::size_t>(std::max(sent, 0));
  }
  return refused;
}

IceAgent::IceAgent(P2pThread& thread, const IceSettings& settings, Role role, Observer& observer)
    : impl_(std::make_unique<Impl>(thread, settings, role, observer)) {}
IceAgent::~IceAgent() = default;

Result<> IceAgent::gather(const std::vector<IceServer>& servers) {
  return impl_->gather(servers);
}

// Loopback does not go, and is not in the list of the host's.
bool IceAgent::moved() const {
  const auto now = host_addresses();
  return impl_->gathered_on.empty() || std::ranges::any_of(impl_->gathered_on, [&now](const std::string& address) {
           return !address.starts_with("127.") && std::ranges::find(now, address) == now.end();
         });
}

rtc::IceCredentials IceAgent::local() const {
  gchar* ufrag = nullptr;
  gchar* pwd = nullptr;
  nice_agent_get_local_credentials(impl_->agent, impl_->stream, &ufrag, &pwd);
  const GlibText owned_ufrag(ufrag);
  const GlibText owned_pwd(pwd);
  return {ufrag, pwd};
}

void IceAgent::set_remote(const rtc::IceCredentials& remote) {
  nice_agent_set_remote_credentials(impl_->agent, impl_->stream, remote.ufrag.c_str(), remote.pwd.c_str());
}

bool IceAgent::add_remote(std::string_view line) {
  if (impl_->remote_candidates >= kMaxRemoteCandidates) return false;
  if (line.starts_with("a=")) line.remove_prefix(2);
  const std::string text = "a=" + std::string(line);
  const NiceCandidatePtr candidate(nice_agent_parse_remote_candidate_sdp(impl_->agent, impl_->stream, text.c_str()));
  if (candidate == nullptr || candidate->component_id != kComponent) return false;
  if (candidate->transport != NICE_CANDIDATE_TRANSPORT_UDP && !impl_->settings.tcp) return false;
  ++impl_->remote_candidates;
  GSList one{candidate.get(), nullptr};
  return nice_agent_set_remote_candidates(impl_->agent, impl_->stream, kComponent, &one) == 1;
}

void IceAgent::end_remote() {
  nice_agent_peer_candidate_gathering_done(impl_->agent, impl_->stream);
}

std::size_t IceAgent::send(const rtc::Datagrams& datagrams) {
  return impl_->send(datagrams);
}

}  // namespace camspan::net
