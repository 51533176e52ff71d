/// What an encoder's bitrate is called, and in which unit: by the table of gst-elements.md A13.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <string>

namespace camspan::plugin {

/// Sets the bitrate of `encoder` to `bits_per_second`, with the type and within the range of its property;
/// extra-controls keep their other fields. Any thread.
/// @return false if its factory is not in the table, or has no such property here
bool set_encoder_bitrate(GstElement* encoder, std::uint64_t bits_per_second);

/// Encoders that do not hear the event are asked by their own signal. Any thread.
void force_encoder_key(GstElement* encoder);

/// The element of that name in the pipeline of `element`; with "auto" the one encoder of the table in it.
/// @return null when there is none, or more than one. The caller unrefs.
GstElement* find_encoder(GstElement* element, const std::string& name);

}  // namespace camspan::plugin
