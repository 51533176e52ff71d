/// A whole hub whose file service a Link Kit device of SDK 3.x uses.
#pragma once

#include "core/crc64.hpp"
#include "hub_under_devices.hpp"
#include "proto/link/file_request.hpp"

namespace camspan::hub {

class HubUnderUploads : public HubUnderDevices {
 protected:
  using Fields = test::LinkDevice::Fields;
  using Answer = test::LinkDevice::Answer;

  static std::string file_path(const std::string& step) {
    return "/stream/" + step + "/" + std::string(link::kFileService);
  }
  static Answer open_file(test::LinkDevice& device, const Fields& fields, const link::Names& names = own_names()) {
    auto all = credentials(names);
    all.insert(all.end(), fields.begin(), fields.end());
    return device.answer(device.request("POST", file_path("open"), all, true));
  }
  /// A file's name is its first field.
  static Answer begin(test::LinkDevice& device, const std::string& name) {
    return open_file(device, {{"x-file-name", name}});
  }
  static Answer resume(test::LinkDevice& device, const std::string& id) {
    return open_file(device, {{"x-file-upload-id", id}});
  }
  static std::string channel_of(const Answer& opened) { return opened.field("x-data-stream-id"); }
  static std::string id_of(const Answer& opened) { return opened.field("x-file-upload-id"); }
  static int position_of(const Answer& answer) {
    const std::string text = answer.field("x-next-append-position");
    return text.empty() ? -1 : std::stoi(text);
  }
  /// Begins a send with so many of `size` bytes. @return its stream id
  static std::uint32_t begin_part(test::LinkDevice& device, const Answer& opened, const std::string& bytes,
                                  std::size_t size) {
    const auto id = device.request(
        "POST", file_path("send"),
        on_channel(channel_of(opened), {{"x-file-upload-id", id_of(opened)}, {"content-length", std::to_string(size)}}),
        false);
    device.data(id, bytes);
    return id;
  }
  static Answer send_part(test::LinkDevice& device, const Answer& opened, const std::string& bytes) {
    return device.answer(begin_part(device, opened, bytes, bytes.size()));
  }
  static Answer close_file(test::LinkDevice& device, const Answer& opened, const Fields& more = {}) {
    return device.answer(device.request("POST", file_path("close"), on_channel(channel_of(opened), more), true));
  }
  static std::string checksum_of(const std::string& bytes) {
    Crc64 crc;
    crc.add(as_bytes(bytes));
    return std::to_string(crc.value());
  }
  /// The file as it lies under its name.
  std::string file(const std::string& name) const { return stored("files/" + std::string(kDevice) + "/" + name); }
  /// No two stretches of it are alike.
  static std::string content(std::size_t size) {
    std::string bytes(size, '\0');
    std::uint32_t state = 1;
    for (char& byte : bytes) byte = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
    return bytes;
  }
};

}  // namespace camspan::hub
