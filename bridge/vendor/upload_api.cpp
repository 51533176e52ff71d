// The C API of files, of SDK 2.3 and 3.x.
#include "guard.hpp"
#include "handle.hpp"
#include "http2_upload_api.h"
#include "iot_export_http2_stream.h"
#include "proto/link/file_request.hpp"
#include "proto/link/request.hpp"

namespace camspan::linkkit {
namespace {

constexpr std::uint32_t kMinPart = 102400;
constexpr std::uint32_t kMaxPart = 104857600;

int upload(void* value, const char* path, const char* identify, const header_ext_info_t* header,
           upload_file_result_cb callback, void* user_data) {
  constexpr const char* kName = "IOT_HTTP2_Stream_UploadFile";
  const auto handle = find_handle(value);
  if (!handle) return refuse(kName, "there is no such handle (any more).");
  if (!link::is_identify(identify) || *path == '\0') return refuse(kName, "identify or file_path cannot be used.");
  auto headers = read_headers(header);
  if (!headers) return refuse(kName, headers.error().sentence);
  FileJob job;
  job.path = path;
  job.identify = identify;
  job.headers = std::move(*headers);
  job.part_bytes = FS_UPLOAD_PART_LEN;
  if (callback != nullptr)
    job.done = [callback, user_data, name = job.path](int result, const char*) {
      callback(name.c_str(), result, user_data);
    };
  return handle->upload(std::move(job)) ? SUCCESS_RETURN : FAIL_RETURN;
}

/// What is wrong with a request; 0 = nothing.
int problem_of(const http2_upload_params_t& params) {
  const bool overwrite = (params.opt_bit_map & UPLOAD_FILE_OPT_BIT_OVERWRITE) != 0;
  const bool resume = (params.opt_bit_map & UPLOAD_FILE_OPT_BIT_RESUME) != 0 && !overwrite;
  if (params.file_path == nullptr || *params.file_path == '\0') return UPLOAD_FILE_PATH_IS_NULL;
  if (resume) {
    const std::string_view id = params.upload_id == nullptr ? "" : params.upload_id;
    if (id.empty() || id.size() > link::kMaxUploadIdBytes) return UPLOAD_ID_IS_NULL;
  }
  const bool specific = (params.opt_bit_map & UPLOAD_FILE_OPT_BIT_SPECIFIC_LEN) != 0;
  return specific && params.upload_len == 0 ? UPLOAD_LEN_IS_ZERO : UPLOAD_SUCCESS;
}

int request(void* value, const http2_upload_params_t& params, const http2_upload_result_cb_t& callbacks,
            void* user_data) {
  if (const int problem = problem_of(params); problem != 0) return problem;
  const auto handle = find_handle(value);
  if (!handle) return refuse("IOT_HTTP2_UploadFile_Request", "there is no such handle (any more).");
  FileJob job;
  job.path = params.file_path;
  job.identify = link::kFileService;
  job.overwrite = (params.opt_bit_map & UPLOAD_FILE_OPT_BIT_OVERWRITE) != 0;
  if (!job.overwrite && (params.opt_bit_map & UPLOAD_FILE_OPT_BIT_RESUME) != 0) job.upload_id = params.upload_id;
  if ((params.opt_bit_map & UPLOAD_FILE_OPT_BIT_SPECIFIC_LEN) != 0) job.length = params.upload_len;
  const bool in_range = params.part_len >= kMinPart && params.part_len <= kMaxPart;
  job.part_bytes = in_range ? params.part_len : FS_UPLOAD_PART_LEN;
  if (const auto completed = callbacks.upload_completed_cb)
    job.done = [completed, user_data, name = job.path](int result, const char* store_id) {
      completed(name.c_str(), result, store_id, user_data);
    };
  if (const auto named = callbacks.upload_id_received_cb)
    job.named = [named, user_data, name = job.path](const char* id) { named(name.c_str(), id, user_data); };
  return handle->upload(std::move(job)) ? SUCCESS_RETURN : FAIL_RETURN;
}

}  // namespace
}  // namespace camspan::linkkit

using camspan::linkkit::guard;

int IOT_HTTP2_Stream_UploadFile(void* handle, const char* file_path, const char* identify, header_ext_info_t* header,
                                upload_file_result_cb cb, void* user_data) {
  if (handle == nullptr || file_path == nullptr || identify == nullptr) return NULL_VALUE_ERROR;
  return guard(FAIL_RETURN,
               [&] { return camspan::linkkit::upload(handle, file_path, identify, header, cb, user_data); });
}

void* IOT_HTTP2_UploadFile_Connect(http2_upload_conn_info_t* conn_info, http2_status_cb_t* cb) {
  camspan::linkkit::use_log();
  if (conn_info == nullptr) return nullptr;
  return guard<void*>(nullptr, [&]() -> void* {
    http2_stream_cb_t status{};
    if (cb != nullptr) {
      status.on_reconnect_cb = cb->on_reconnect_cb;
      status.on_disconnect_cb = cb->on_disconnect_cb;
    }
    auto handle = camspan::linkkit::Handle::connect(*conn_info, nullptr, status);
    if (handle) return camspan::linkkit::add_handle(std::move(*handle));
    camspan::linkkit::refuse("IOT_HTTP2_UploadFile_Connect", handle.error().sentence);
    return nullptr;
  });
}

int IOT_HTTP2_UploadFile_Request(void* http2_handle, http2_upload_params_t* params, http2_upload_result_cb_t* cb,
                                 void* user_data) {
  if (http2_handle == nullptr || params == nullptr || cb == nullptr) return NULL_VALUE_ERROR;
  return guard<int>(UPLOAD_MALLOC_FAILED,
                    [&] { return camspan::linkkit::request(http2_handle, *params, *cb, user_data); });
}

int IOT_HTTP2_UploadFile_Disconnect(void* handle) {
  return IOT_HTTP2_Disconnect(handle);
}
