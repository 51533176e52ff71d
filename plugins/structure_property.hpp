/// Properties that hold a GstStructure: free fields of a stream, fields of a request.
#pragma once

#include <gst/gst.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace camspan::plugin {

/// Immutable once it is here.
using SharedStructure = std::shared_ptr<const GstStructure>;

GParamSpec* structure_spec(const char* name, const char* blurb, GParamFlags flags);
/// @return null if `value` holds none
SharedStructure copy_of(const GValue* value);
/// Every field that has a text, under its name in lower case; none of null.
std::vector<std::pair<std::string, std::string>> request_fields(const GstStructure* structure);
/// Makes `value` hold the structure without what authenticates.
void get_redacted(const GstStructure* structure, GValue* value);
/// A JSON object: numbers and booleans as such, the rest as strings; "" of null.
std::string json_of(const GstStructure* structure);

}  // namespace camspan::plugin
