/// What elements that serve many viewers say of SyncMethod and RecoverPolicy. Each registers types of its own.
#pragma once

#include <glib-object.h>
#include <array>

namespace camspan::plugin {

inline constexpr std::array<GEnumValue, 4> kSyncMethods{{{0, "With all since the last key frame", "latest-keyframe"},
                                                         {1, "With the next key frame", "next-keyframe"},
                                                         {2, "With whatever comes next", "latest"},
                                                         {0, nullptr, nullptr}}};

/// @param none what happens to a viewer that may not recover
/// @param soft_limit where it goes on within units-soft-max
constexpr std::array<GEnumValue, 5> recover_policies(const char* none, const char* soft_limit) {
  return {{{0, none, "none"},
           {1, "Go on with whatever comes next", "latest"},
           {2, soft_limit, "soft-limit"},
           {3, "Go on at the newest key frame", "keyframe"},
           {0, nullptr, nullptr}}};
}

}  // namespace camspan::plugin
