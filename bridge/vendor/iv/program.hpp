/// What runs between iv_avt_p2p_init() and iv_avt_p2p_exit().
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "camera.hpp"
#include "lan_discovery.hpp"
#include "net/p2p/p2p_thread.hpp"
#include "settings.hpp"

struct hal_identity;

namespace camspan::iv {

/// Any thread but that of the callbacks, where nothing says otherwise.
class Program {
 public:
  /// Starts to be reachable: by the hub of the device's identity (camspan-wire.md section 8), on the local network
  /// where the settings say so, or both.
  /// @return null when it cannot be; the reason is logged
  static std::shared_ptr<Program> start(const Settings& settings);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// Ends all; the last callbacks are made before it returns, and nothing is called afterwards. Once.
  void stop();
  /// The caller is a callback.
  bool on_callback_thread() const { return thread_->here(); }

  /// Any thread.
  HandleTable::Entry handle(void* handle) const { return camera_->handles().get(handle); }
  /// Any thread.
  void set_marks(const Marks& marks);
  /// Bytes of a datagram, for viewers that come from now on. Any thread.
  void set_mtu(std::uint32_t mtu) { mtu_ = mtu; }
  /// Blocks until the viewer answered, or `timeout` is over.
  CommandResult send_command(std::string peer, Bytes message, std::chrono::milliseconds timeout);
  /// Where viewers find this device. Any thread.
  const std::string& peer_info() const { return peer_info_; }

 private:
  explicit Program(std::uint32_t mtu);
  net::PostToP2p poster() const;
  bool connect(const hal_identity& identity, const Settings& settings);
  bool open_lan(const hal_identity& identity, const Settings& settings);
  void arm();

  const std::shared_ptr<net::P2pThread> thread_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< P2P thread
  std::unique_ptr<Camera> camera_;                                    ///< P2P thread, but for its handles()
  std::unique_ptr<net::P2pThread::Timer> timer_;                      ///< P2P thread
  std::unique_ptr<net::Signaller> hub_;
  std::unique_ptr<net::Signaller> lan_;
  std::unique_ptr<LanDiscovery> discovery_;
  std::string peer_info_;
  std::atomic<std::uint32_t> mtu_;
};

}  // namespace camspan::iv
