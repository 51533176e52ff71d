#include "program.hpp"

#include <camspan/hal.h>

#include <cstdlib>
#include <future>

#include "api/credentials.hpp"
#include "api/signal_client.hpp"
#include "core/log.hpp"
#include "iv_err.h"
#include "local/local_signaller.hpp"
#include "net/p2p/p2p_link.hpp"
#include "proto/rtc/certificate.hpp"

namespace camspan::iv {
namespace {

// A callback that takes its time holds up the answer, not for ever.
constexpr std::chrono::seconds kPatience{2};

bool is_this_host(std::string_view url) {
  const std::size_t slashes = url.find("://");
  const std::string_view host = slashes == std::string_view::npos ? url : url.substr(slashes + 3);
  return host.starts_with("localhost") || host.starts_with("127.") || host.starts_with("[::1]");
}

std::string device_id(const hal_identity& identity) {
  const std::string name = identity.device_name;
  const std::string key = identity.product_key;
  return key.empty() || key == "camspan" ? name : key + "." + name;
}

/// Where viewers of the local network come to; "" = nowhere.
std::string place_of(const LanSettings& lan) {
  if (!lan.on()) return {};
  return "http://" + (lan.address.empty() ? "0.0.0.0" : lan.address) + ":" + std::to_string(lan.data_port);
}

net::CameraDescription description_of(const Settings& settings) {
  net::CameraDescription description;
  description.max_viewers = Camera::kMaxViewers;
  description.talk = settings.callbacks.takes_voice();
  return description;
}

std::shared_ptr<const rtc::Certificate> own_certificate() {
  static const auto made = rtc::Certificate::make();
  return made ? *made : nullptr;
}

}  // namespace

Program::Program(std::uint32_t mtu) : thread_(net::P2pThread::shared()), mtu_(mtu) {}

std::shared_ptr<Program> Program::start(const Settings& settings) {
  hal_identity identity{};
  hal()->identity(&identity);
  const auto certificate = own_certificate();
  const bool has_hub = identity.hub_url[0] != '\0';
  if (certificate == nullptr || identity.device_name[0] == '\0' || !(has_hub || settings.lan.on())) {
    log::error("iv", "nothing says who this device is and where its hub: set CAMSPAN_DEVICE_FILE and CAMSPAN_HUB");
    return nullptr;
  }
  const std::shared_ptr<Program> program(new Program(settings.mtu));
  const std::string place = has_hub ? identity.hub_url : place_of(settings.lan);
  program->peer_info_ = place + "/whep/" + device_id(identity);
  const bool loopback = is_this_host(place) || is_this_host(place_of(settings.lan));
  program->thread_->run([&] {
    Camera::Ground ground;
    ground.clock = [] { return std::chrono::steady_clock::now(); };
    ground.wake = [raw = program.get()] { raw->arm(); };
    ground.make_link = [raw = program.get(), certificate, loopback](const std::vector<net::IceServer>& servers,
                                                                    net::Link::Observer& observer) {
      net::IceSettings ice;
      ice.servers = servers;
      ice.loopback = loopback;
      ice.max_datagram = raw->mtu_;
      return std::make_unique<net::P2pLink>(*raw->thread_, certificate, ice, observer);
    };
    program->camera_ = std::make_unique<Camera>(settings.callbacks, settings.sender_interval, std::move(ground));
    program->timer_ = std::make_unique<net::P2pThread::Timer>(*program->thread_, [raw = program.get()] {
      raw->camera_->on_timeout();
      raw->arm();
    });
  });
  const bool by_hub = has_hub && program->connect(identity, settings);
  const bool by_lan = settings.lan.on() && program->open_lan(identity, settings);
  if (has_hub ? !by_hub : !by_lan) {
    program->stop();
    return nullptr;
  }
  return program;
}

net::PostToP2p Program::poster() const {
  return [thread = thread_.get(), alive = alive_](std::function<void()> task) {
    thread->post([alive, task = std::move(task)] {
      if (*alive) task();
    });
  };
}

bool Program::connect(const hal_identity& identity, const Settings& settings) {
  SignalClientConfig config;
  config.uri = identity.hub_url;
  config.triple = {identity.product_key, identity.device_name, identity.device_secret};
  config.ca_file = identity.ca_file;
  config.agent = "camspan iv_avt_p2p";
  config.probe_after = settings.probe_after;
  config.probes = settings.probes;
  Camera::Entrance* entrance = nullptr;
  thread_->run([&] { entrance = &camera_->hub(); });
  auto made = SignalClient::make(std::move(config), *entrance, poster());
  if (!made) {
    log::error("iv", made.error().sentence);
    return false;
  }
  hub_ = std::move(*made);
  thread_->run([&] { entrance->use(*hub_); });
  hub_->describe(description_of(settings));
  hub_->start();
  return true;
}

/// Serves viewers of the local network, and tells them where. A device that has a hub goes on without it.
bool Program::open_lan(const hal_identity& identity, const Settings& settings) {
  const LanSettings& lan = settings.lan;
  LocalSignallerConfig config;
  config.device_id = device_id(identity);
  config.server.host = lan.address.empty() ? "0.0.0.0" : lan.address;
  config.server.port = lan.data_port;
  if (const char* const path = std::getenv("CAMSPAN_LAN_TOKEN_FILE"); path != nullptr && *path != '\0') {
    auto token = read_token_file(path);
    if (!token) log::error("iv", token.error().sentence);
    if (!token) return false;
    config.server.token = std::move(*token);
  }
  Camera::Entrance* entrance = nullptr;
  thread_->run([&] { entrance = &camera_->local(); });
  auto made = LocalSignaller::make(std::move(config), *entrance, poster());
  if (!made) {
    log::error("iv", "the local network is not served (CAMSPAN_LAN_TOKEN_FILE names a file with the viewers' token): ",
               made.error().sentence);
    return false;
  }
  lan_ = std::move(*made);
  thread_->run([&] { entrance->use(*lan_); });
  lan_->describe(description_of(settings));
  lan_->start();
  LanName name{lan.product.empty() ? identity.product_key : lan.product,
               lan.device.empty() ? identity.device_name : lan.device};
  discovery_ = LanDiscovery::start(std::move(name), {lan.address, lan.data_port}, lan.probe_port);
  return true;
}

void Program::stop() {
  thread_->run([this] {
    camera_->close();
    *alive_ = false;
    timer_.reset();
  });
  discovery_.reset();
  for (auto* const signaller : {&hub_, &lan_}) {
    if (*signaller) (*signaller)->stop();
    signaller->reset();
  }
}

void Program::set_marks(const Marks& marks) {
  thread_->post([this, alive = alive_, marks] {
    if (*alive) camera_->set_marks(marks);
  });
}

CommandResult Program::send_command(std::string peer, Bytes message, std::chrono::milliseconds timeout) {
  const auto answered = std::make_shared<std::promise<CommandResult>>();
  auto result = answered->get_future();
  thread_->post([this, alive = alive_, peer = std::move(peer), message = std::move(message), timeout, answered] {
    if (!*alive) return answered->set_value({IV_ERR_AVT_STATE_ERROR});
    camera_->ask(peer, message, timeout, [answered](CommandResult told) { answered->set_value(std::move(told)); });
    arm();
  });
  if (result.wait_for(timeout + kPatience) != std::future_status::ready) return {IV_ERR_AVT_SEND_DATA_TIMEOUT};
  return result.get();
}

void Program::arm() {
  if (!timer_) return;  // it ends
  const auto next = camera_->next_timeout();
  if (next)
    timer_->set(*next);
  else
    timer_->cancel();
}

Program::~Program() = default;

}  // namespace camspan::iv
