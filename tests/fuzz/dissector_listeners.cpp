// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/dissector_listeners.hpp"

#include <initializer_list>
#include <span>

#include "fuzz/targets.hpp"

namespace test {
namespace {

constexpr char kFilterName[] = "mqttsnx";
constexpr char kShortName[] = "MQTT-SN+";

// Each octet is read once: it must be there.
void on_object(void* sum, export_object_entry_t* entry) {
    for (std::size_t i = 0; i < entry->payload_len; ++i) {
        *static_cast<std::uint8_t*>(sum) ^= entry->payload_data[i];
    }
    eo_free_entry(entry);
}

std::uint8_t g_sum;

template <class Item>
std::span<Item> items(const conv_hash_t& table) {
    if (table.conv_array == nullptr) {
        return {};
    }
    return {reinterpret_cast<Item*>(table.conv_array->data), table.conv_array->len};
}

}  // namespace

Listeners::Listeners() {
    const int proto = proto_get_id_by_filter_name(kFilterName);
    register_ct_t* table = get_conversation_by_proto_id(proto);
    register_follow_t* follower = get_follow_by_name(kShortName);
    register_eo_t* object = get_eo_by_name(kFilterName);
    response_table_ = get_srt_table_by_name(kFilterName);
    char abbreviation[] = "mqttsnx";
    stats_tree_cfg* tree = stats_tree_get_cfg_by_abbr(abbreviation);
    FUZZ_CHECK(table != nullptr && follower != nullptr && object != nullptr && response_table_ != nullptr &&
               tree != nullptr);
    listen(kFilterName, &conversations_, get_conversation_packet_func(table));
    listen(kFilterName, &endpoints_, get_endpoint_packet_func(table));
    follow_.show_stream = BOTH_HOSTS;
    follow_.substream_id = SUBSTREAM_UNUSED;
    listen(get_follow_tap_string(follower), &follow_, get_follow_tap_handler(follower));
    objects_ = {on_object, nullptr, &g_sum};
    listen(get_eo_tap_listener_name(object), &objects_, get_eo_packet_func(object));
    response_times_.srt_array = g_array_new(FALSE, TRUE, sizeof(srt_stat_table*));
    srt_table_dissector_init(response_table_, response_times_.srt_array);
    listen(get_srt_tap_listener_name(response_table_), &response_times_,
           get_srt_packet_func(response_table_));
    tree_ = stats_tree_new(tree, nullptr, nullptr);
    stats_tree_reinit(tree_);
    listen(tree->tapname, tree_, stats_tree_packet, tree->flags);
}

void Listeners::listen(const char* tap, void* data, tap_packet_cb on_packet, guint flags) {
    GString* problem = register_tap_listener(tap, data, nullptr, flags, nullptr, on_packet, nullptr, nullptr);
    FUZZ_CHECK(problem == nullptr);
}

void Listeners::forget() {
    for (conv_item_t& item : items<conv_item_t>(conversations_)) {
        g_free(get_conversation_filter(&item, CONV_DIR_A_TO_FROM_B));
    }
    for (endpoint_item_t& item : items<endpoint_item_t>(endpoints_)) {
        g_free(get_endpoint_filter(&item));
    }
    reset_conversation_table_data(&conversations_);
    reset_endpoint_table_data(&endpoints_);
    follow_reset_stream(&follow_);
    for (GList* item = follow_.payload; item != nullptr; item = item->next) {
        auto* record = static_cast<follow_record_t*>(item->data);
        g_byte_array_free(record->data, TRUE);
        g_free(record);
    }
    g_list_free(follow_.payload);
    follow_.payload = nullptr;
    reset_srt_table(response_times_.srt_array);
    stats_tree_reinit(tree_);
}

Listeners::~Listeners() {
    forget();
    for (void* data :
         {static_cast<void*>(&conversations_), static_cast<void*>(&endpoints_), static_cast<void*>(&follow_),
          static_cast<void*>(&objects_), static_cast<void*>(&response_times_), static_cast<void*>(tree_)}) {
        remove_tap_listener(data);
    }
    stats_tree_free(tree_);
    free_srt_table(response_table_, response_times_.srt_array);
    g_array_free(response_times_.srt_array, TRUE);
}

}  // namespace test
