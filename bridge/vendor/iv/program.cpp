#include "program.hpp"

#include <camspan/hal.h>

#include <future>

#include "api/signal_client.hpp"
#include "core/log.hpp"
#include "iv_err.h"
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

std::shared_ptr<const rtc::Certificate> own_certificate() {
  static const auto made = rtc::Certificate::make();
  return made ? *made : nullptr;
}

}  // namespace

Program::Program() : thread_(net::P2pThread::shared()) {}

std::shared_ptr<Program> Program::start(const Settings& settings) {
  hal_identity identity{};
  hal()->identity(&identity);
  const auto certificate = own_certificate();
  if (certificate == nullptr || identity.device_name[0] == '\0' || identity.hub_url[0] == '\0') {
    log::error("iv", "nothing says who this device is and where its hub: set CAMSPAN_DEVICE_FILE and CAMSPAN_HUB");
    return nullptr;
  }
  const std::shared_ptr<Program> program(new Program());
  program->peer_info_ = std::string(identity.hub_url) + "/whep/" + device_id(identity);
  const bool loopback = is_this_host(identity.hub_url);
  program->thread_->run([&] {
    Camera::Ground ground;
    ground.clock = [] { return std::chrono::steady_clock::now(); };
    ground.wake = [raw = program.get()] { raw->arm(); };
    ground.make_link = [raw = program.get(), certificate, loopback](const std::vector<net::IceServer>& servers,
                                                                    net::Link::Observer& observer) {
      net::IceSettings ice;
      ice.servers = servers;
      ice.loopback = loopback;
      return std::make_unique<net::P2pLink>(*raw->thread_, certificate, ice, observer);
    };
    program->camera_ = std::make_unique<Camera>(settings.callbacks, settings.sender_interval, std::move(ground));
    program->timer_ = std::make_unique<net::P2pThread::Timer>(*program->thread_, [raw = program.get()] {
      raw->camera_->on_timeout();
      raw->arm();
    });
  });
  if (!program->connect(identity, settings.callbacks)) {
    program->stop();
    return nullptr;
  }
  return program;
}

bool Program::connect(const hal_identity& identity, const Callbacks& callbacks) {
  SignalClientConfig config;
  config.uri = identity.hub_url;
  config.triple = {identity.product_key, identity.device_name, identity.device_secret};
  config.ca_file = identity.ca_file;
  config.agent = "camspan iv_avt_p2p";
  const auto post = [thread = thread_.get(), alive = alive_](std::function<void()> task) {
    thread->post([alive, task = std::move(task)] {
      if (*alive) task();
    });
  };
  Camera::Entrance* entrance = nullptr;
  thread_->run([&] { entrance = &camera_->hub(); });
  auto made = SignalClient::make(std::move(config), *entrance, post);
  if (!made) {
    log::error("iv", made.error().sentence);
    return false;
  }
  hub_ = std::move(*made);
  thread_->run([&] { entrance->use(*hub_); });
  net::CameraDescription description;
  description.max_viewers = Camera::kMaxViewers;
  description.talk = callbacks.takes_voice();
  hub_->describe(description);
  hub_->start();
  return true;
}

void Program::stop() {
  thread_->run([this] {
    camera_->close();
    *alive_ = false;
    timer_.reset();
  });
  if (hub_) hub_->stop();
  hub_.reset();
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
