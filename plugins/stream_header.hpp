/// The stream header that caps carry: pushed with them, so that its copies in the stream are passed over.
#pragma once

#include <gst/gst.h>

#include <vector>

namespace camspan::plugin {

/// Streaming thread only.
class StreamHeader {
 public:
  StreamHeader() = default;
  ~StreamHeader() { forget(); }
  StreamHeader(const StreamHeader&) = delete;
  StreamHeader& operator=(const StreamHeader&) = delete;

  /// Holds what `caps` carry in place of what was held; caps without a stream header change nothing.
  /// @return what is new of it, to be pushed in order, but for the file header, which begins a stream only once. The
  /// buffers are this object's, until the next call.
  std::vector<GstBuffer*> take(const GstCaps* caps);
  /// A header buffer of the stream that the caps carried.
  bool repeats(GstBuffer* buffer) const;
  void forget();

 private:
  std::vector<GstBuffer*> buffers_;  ///< owned
};

}  // namespace camspan::plugin
