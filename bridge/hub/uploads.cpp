#include "hub/uploads.hpp"

#include <utility>

#include "hub/body_guard.hpp"
#include "hub/live_upload.hpp"

namespace camspan::hub {
namespace {

constexpr std::size_t kMaxRemembered = 1000;

}  // namespace

void Uploads::take_over(const recordings::StreamName& name, std::shared_ptr<LiveUpload> upload) {
  const auto older = std::exchange(running_[name], std::move(upload));
  if (older)
    older->end_early(Problem{Cause::replaced, "A newer request goes on with this stream. Send there.", {}, {}});
}

void Uploads::leave(const recordings::StreamName& name, const LiveUpload* upload) {
  const auto entry = running_.find(name);
  if (entry != running_.end() && entry->second.get() == upload) running_.erase(entry);
}

std::vector<std::shared_ptr<LiveUpload>> Uploads::all() const {
  std::vector<std::shared_ptr<LiveUpload>> uploads;
  for (const auto& [name, upload] : running_) uploads.push_back(upload);
  return uploads;
}

void Uploads::end_all(const Problem& why) {
  for (const auto& upload : all()) upload->end_early(why);
  for (BodyGuard* body : bodies_) body->end_early(why);
}

void Uploads::end_of(const std::string& device, const Problem& why) {
  std::vector<std::shared_ptr<LiveUpload>> of_device;
  for (const auto& [name, upload] : running_)
    if (name.device == device) of_device.push_back(upload);
  for (const auto& upload : of_device) upload->end_early(why);
}

void Uploads::end_idle(TimePoint now, std::chrono::milliseconds limit) {
  const Problem why{Cause::idle,
                    "Nothing came for " + std::to_string(limit.count() / 1000) + " s. Send again when there is.",
                    {},
                    {}};
  for (const auto& upload : all())
    if (now - upload->last_bytes() > limit) upload->end_early(why);
  for (BodyGuard* body : bodies_)
    if (now - body->last_bytes() > limit) body->end_early(why);
}

void Uploads::storage_back() {
  for (const auto& upload : all()) upload->storage_back();
}

std::uint64_t Uploads::received(const recordings::StreamName& name) const {
  const auto entry = received_.find(name);
  return entry == received_.end() ? 0 : entry->second;
}

void Uploads::note_received(const recordings::StreamName& name, std::uint64_t tags) {
  const auto [entry, is_new] = received_.try_emplace(name, tags);
  entry->second = tags;
  if (!is_new) return;
  received_order_.push_back(name);
  if (received_order_.size() <= kMaxRemembered) return;
  received_.erase(received_order_.front());
  received_order_.pop_front();
}

}  // namespace camspan::hub
