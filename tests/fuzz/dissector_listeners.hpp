// SPDX-License-Identifier: GPL-2.0-or-later
//
// Everything of the plugin that listens to its packets, as Wireshark's windows would start it: statistics,
// response times, conversations and endpoints, follow, objects.
#ifndef TESTS_FUZZ_DISSECTOR_LISTENERS_HPP
#define TESTS_FUZZ_DISSECTOR_LISTENERS_HPP

#include "dissector/wireshark.hpp"

#include <epan/conversation_table.h>
#include <epan/export_object.h>
#include <epan/follow.h>
#include <epan/srt_table.h>
#include <epan/stats_tree.h>
#include <epan/stats_tree_priv.h>

namespace test {

/// One of each kind; they listen as long as they live, to packets that are dissected with taps.
class Listeners {
  public:
    Listeners();
    ~Listeners();
    Listeners(const Listeners&) = delete;
    Listeners& operator=(const Listeners&) = delete;
    /// Filters of all rows, and then as if the windows were closed and opened again.
    void forget();

  private:
    void listen(const char* tap, void* data, tap_packet_cb on_packet, guint flags = 0);

    conv_hash_t conversations_{};
    conv_hash_t endpoints_{};
    follow_info_t follow_{};
    export_object_list_t objects_{};
    srt_data_t response_times_{};
    register_srt_t* response_table_ = nullptr;
    stats_tree* tree_ = nullptr;
};

}  // namespace test

#endif
