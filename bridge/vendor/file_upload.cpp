#include "file_upload.hpp"

#include <charconv>
#include <csignal>

#include "core/crc64.hpp"
#include "core/log.hpp"
#include "file_reader.hpp"
#include "handle.hpp"
#include "proto/link/file_request.hpp"

namespace camspan::linkkit {
namespace {

constexpr Milliseconds kAnswerTime{IOT_HTTP2_RES_OVERTIME_MS};
// Read and handed over at a time; frames and records are made of it below.
constexpr std::size_t kBlockBytes = 65536;

thread_local bool t_uploads = false;

std::string base_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

std::string text_of(const http::Headers& headers, std::string_view name) {
  return std::string(headers.find(name).value_or(""));
}

/// One file on its way.
class FileUpload {
 public:
  FileUpload(Handle& handle, const FileJob& job, FileReader& file) : handle_(handle), job_(job), file_(file) {}

  /// @return an UPLOAD_ code
  int run() {
    const int result = is_service() ? run_by_parts() : run_at_once();
    return result == UPLOAD_SUCCESS && !file_.is_unchanged() ? UPLOAD_FILE_READ_FAILED : result;
  }
  const std::string& store_id() const { return store_id_; }

 private:
  bool is_service() const { return job_.identify == link::kFileService; }

  /// One body as long as the file.
  int run_at_once() {
    if (!open(job_.headers)) return UPLOAD_STREAM_OPEN_FAILED;
    const int sent = send_body(file_.size(), job_.headers);
    const bool closed = close().code == SUCCESS_RETURN;
    return sent == UPLOAD_SUCCESS && !closed ? UPLOAD_ERROR_COMMON : sent;
  }

  int run_by_parts() {
    if (!open(fields_of_open())) return UPLOAD_STREAM_OPEN_FAILED;
    int result = take_position();
    if (result == UPLOAD_SUCCESS) result = send_parts();
    const Reply closed = close();
    if (result != UPLOAD_SUCCESS) return result;
    return is_stored(closed) ? UPLOAD_SUCCESS : UPLOAD_ERROR_COMMON;
  }

  http::Headers fields_of_open() const {
    http::Headers fields;
    if (!job_.upload_id.empty()) {
      fields.append("x-file-upload-id", job_.upload_id);
    } else if (!job_.headers.find("x-file-name")) {
      fields.append("x-file-name", base_name(job_.path));
      if (job_.overwrite) fields.append("x-file-overwrite", "1");
    }
    for (const http::Header& field : job_.headers) fields.append(field.name, field.value);
    return fields;
  }

  bool open(const http::Headers& fields) {
    Reply reply = handle_.open(job_.identify, fields, nullptr);
    channel_ = std::move(reply.channel);
    answer_ = std::move(reply.headers);
    return reply.code == SUCCESS_RETURN;
  }

  /// Where the server is, and what the upload is called there. The sum of what it has is made meanwhile.
  int take_position() {
    const std::string text = text_of(answer_, "x-next-append-position");
    const char* const last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, position_);
    upload_id_ = text_of(answer_, "x-file-upload-id");
    const bool good = error == std::errc{} && end == last && position_ <= file_.size() && !upload_id_.empty() &&
                      upload_id_.size() <= link::kMaxUploadIdBytes;
    if (!good) {
      log::warn("linkkit", "the server's answer to the open of a file makes no sense: position \"", text, "\" of ",
                file_.size());
      return UPLOAD_STREAM_OPEN_FAILED;
    }
    if (job_.named) job_.named(upload_id_.c_str());
    Bytes block;
    for (std::uint64_t left = position_; left > 0; left -= block.size()) {
      block.resize(std::min<std::uint64_t>(left, kBlockBytes));
      if (!file_.read(block)) return UPLOAD_FILE_READ_FAILED;
      sum_.add(block);
    }
    return UPLOAD_SUCCESS;
  }

  int send_parts() {
    const std::uint64_t rest = file_.size() - position_;
    std::uint64_t left = job_.length ? std::min<std::uint64_t>(*job_.length, rest) : rest;
    while (left > 0) {
      const std::uint64_t part = std::min<std::uint64_t>(left, job_.part_bytes);
      http::Headers id;
      id.append("x-file-upload-id", upload_id_);
      if (const int result = send_body(part, id); result != UPLOAD_SUCCESS) return result;
      position_ += part;
      left -= part;
      // Parts are appended: any other place would be a hole, or the same bytes twice.
      if (text_of(answer_, "x-next-append-position") != std::to_string(position_)) return UPLOAD_STREAM_SEND_FAILED;
    }
    return UPLOAD_SUCCESS;
  }

  int send_body(std::uint64_t size, const http::Headers& headers) {
    Bytes block;
    Packet packet;
    packet.channel = channel_;
    packet.identify = job_.identify;
    packet.headers = headers;
    packet.total = size;
    while (packet.sent < size) {
      block.resize(std::min<std::uint64_t>(size - packet.sent, kBlockBytes));
      if (!file_.read(block)) return UPLOAD_FILE_READ_FAILED;
      sum_.add(block);
      packet.bytes = block;
      const Sent sent = handle_.send(packet);
      if (sent.code != SUCCESS_RETURN) return UPLOAD_STREAM_SEND_FAILED;
      packet.stream = sent.stream;
      packet.sent += block.size();
      answer_ = sent.headers;
    }
    return UPLOAD_SUCCESS;
  }

  Reply close() { return handle_.close(channel_, job_.identify, kAnswerTime); }

  /// The server closed the file, and has what we sent.
  bool is_stored(const Reply& closed) {
    if (closed.code != SUCCESS_RETURN) return false;
    const auto sum = link::parse_checksum(closed.headers);
    if (!sum || (*sum && **sum != sum_.value())) {
      log::warn("linkkit", "the server has other bytes of ", job_.path, " than we sent: its CRC-64 differs");
      return false;
    }
    store_id_ = text_of(closed.headers, "x-file-store-id");
    return true;
  }

  Handle& handle_;
  const FileJob& job_;
  FileReader& file_;
  std::string channel_;
  http::Headers answer_;
  std::string upload_id_;
  std::string store_id_;
  std::uint64_t position_ = 0;
  Crc64 sum_;
};

/// @param store_id  set where the file is stored
int send_file(Handle& handle, const FileJob& job, std::string& store_id) {
  int result = UPLOAD_ERROR_COMMON;
  const auto file = FileReader::open(job.path, result);
  if (!file) return result;
  // As the C SDK: what it cannot measure is not there. The file service takes files of no bytes.
  if (file->size() == 0 && job.identify != link::kFileService) return UPLOAD_FILE_NOT_EXIST;
  FileUpload upload(handle, job, *file);
  result = upload.run();
  store_id = upload.store_id();
  return result;
}

}  // namespace

bool FileUploads::add(FileJob job) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return false;
  jobs_.push_back(std::move(job));
  if (!thread_.joinable()) try {
      thread_ = std::thread([this] { run(); });
    } catch (const std::system_error&) {
      jobs_.pop_back();
      return false;
    }
  changed_.notify_one();
  return true;
}

void FileUploads::run() {
  t_uploads = true;
  // The program's signals are for the program's threads.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  for (;;) {
    FileJob job;
    bool stopping = false;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
      stopping = stopping_;
    }
    std::string store_id;
    int result = stopping ? UPLOAD_ERROR_COMMON : send_file(handle_, job, store_id);
    {
      const std::lock_guard lock(mutex_);
      if (stopping_ && result != UPLOAD_SUCCESS) result = UPLOAD_ERROR_COMMON;
    }
    if (job.done) job.done(result, result == UPLOAD_SUCCESS ? store_id.c_str() : nullptr);
  }
}

void FileUploads::give_up() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
}

void FileUploads::stop() {
  give_up();
  if (thread_.joinable()) thread_.join();
}

bool FileUploads::on_upload_thread() {
  return t_uploads;
}

}  // namespace camspan::linkkit
