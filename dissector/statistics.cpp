// SPDX-License-Identifier: GPL-2.0-or-later
//
// Statistics > MQTT-SN (tshark -z mqttsnx,tree): a tree of counts.
#include "dissector/plugin.hpp"

#include <epan/stats_tree.h>

namespace mqttsnx {
namespace {

constexpr guint kNamesMax = 1000;  ///< rows of topics, and of clients; all others share one row
constexpr char kOthers[] = "(others)";
constexpr char kUnknown[] = "(unknown)";

enum Branch : int {
    kMessages,
    kQos,
    kTopics,
    kTopicOctets,
    kReturnCodes,
    kRetransmissions,
    kUnanswered,
    kClients,
    kBranches
};

constexpr const char* kBranchNames[kBranches] = {
    "Messages",          "QoS of PUBLISH",
    "Topics of PUBLISH",  // average, least and greatest value: octets of a payload
    "Payload octets",    "Return codes",   "Retransmissions", "Unanswered requests", "Clients",
};

/// What one open window or one -z counts besides its nodes.
struct Counting {
    int nodes[kBranches];
    GHashTable* topics;   ///< names that have a row
    GHashTable* clients;  ///< names that have a row
    GHashTable* waiting;  ///< frame of a request without an answer so far -> its type
};

/// stats_tree* -> Counting*: the tree has no place for it.
GHashTable* countings;

void free_counting(gpointer pointer) {
    auto* counting = static_cast<Counting*>(pointer);
    g_hash_table_destroy(counting->topics);
    g_hash_table_destroy(counting->clients);
    g_hash_table_destroy(counting->waiting);
    g_free(counting);
}

void start_tree(stats_tree* tree) {
    if (countings == nullptr) {
        countings = g_hash_table_new_full(g_direct_hash, g_direct_equal, nullptr, free_counting);
    }
    auto* counting = g_new0(Counting, 1);
    counting->topics = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, nullptr);
    counting->clients = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, nullptr);
    counting->waiting = g_hash_table_new(g_direct_hash, g_direct_equal);
    for (int i = 0; i < kBranches; ++i) {
        counting->nodes[i] = stats_tree_create_node(tree, kBranchNames[i], 0, STAT_DT_INT, TRUE);
    }
    g_hash_table_replace(countings, tree, counting);
}

void end_tree(stats_tree* tree) {
    if (countings != nullptr) {
        g_hash_table_remove(countings, tree);
    }
}

/// The name, or kOthers when there are kNamesMax rows already.
const char* row_name(GHashTable* rows, const char* name) {
    if (g_hash_table_contains(rows, name) != FALSE) {
        return name;
    }
    if (g_hash_table_size(rows) >= kNamesMax) {
        return kOthers;
    }
    g_hash_table_add(rows, g_strdup(name));
    return name;
}

const char* name_of_type(const Datagram& datagram) {
    if (!datagram.has_message || !datagram.message.type.there()) {
        return "(no type)";  // an empty envelope, an impossible Length, a capture that ends before it
    }
    const char* name = type_name(datagram.message.type.value);
    return name != nullptr ? name : "(reserved type)";
}

/// Adds one to a branch, and to its row `name`. @returns the row's node
int tick(stats_tree* tree, const Counting& counting, Branch branch, const char* name, bool with_children) {
    tick_stat_node(tree, kBranchNames[branch], 0, TRUE);
    return tick_stat_node(tree, name, counting.nodes[branch], with_children ? TRUE : FALSE);
}

constexpr const char* kQosNames[] = {"QoS 0", "QoS 1", "QoS 2", "QoS -1"};

void count_publish(stats_tree* tree, const Counting& counting, packet_info* pinfo, const TapRow& row,
                   const char* direction) {
    const Message& message = row.datagram->message;
    const int by_direction = tick(tree, counting, kQos, direction, true);
    tick_stat_node(tree, kQosNames[message.qos() & 3], by_direction, FALSE);
    const std::string_view known = row.telling != nullptr ? row.telling->topic : std::string_view{};
    const char* topic = row_name(counting.topics, known.empty() ? kUnknown : printable(pinfo->pool, known));
    const int octets = static_cast<int>(message.data.size);
    avg_stat_node_add_value_int(tree, kBranchNames[kTopics], 0, TRUE, octets);
    avg_stat_node_add_value_int(tree, topic, counting.nodes[kTopics], FALSE, octets);
    increase_stat_node(tree, kBranchNames[kTopicOctets], 0, TRUE, octets);
    increase_stat_node(tree, topic, counting.nodes[kTopicOctets], FALSE, octets);
}

/// A request counts as unanswered until its answer comes by. With a filter that hides answers, only a second
/// pass (-2, or the window) knows better.
void count_answer(stats_tree* tree, const Counting& counting, const packet_info* pinfo,
                  const Telling& telling, std::uint32_t type) {
    const char* const branch = kBranchNames[kUnanswered];
    if (telling.request_frame != 0 && telling.duplicate_of == 0) {
        gpointer frame = GUINT_TO_POINTER(telling.request_frame);
        gpointer waiting = g_hash_table_lookup(counting.waiting, frame);
        if (waiting != nullptr) {
            increase_stat_node(tree, branch, 0, TRUE, -1);
            increase_stat_node(tree, type_name(GPOINTER_TO_UINT(waiting)), counting.nodes[kUnanswered], FALSE,
                               -1);
            g_hash_table_remove(counting.waiting, frame);
        }
    }
    if (telling.expects_answer && telling.response_frame == 0 && telling.retransmission_of == 0 &&
        type_name(type) != nullptr) {
        tick(tree, counting, kUnanswered, type_name(type), false);
        g_hash_table_insert(counting.waiting, GUINT_TO_POINTER(pinfo->num), GUINT_TO_POINTER(type));
    }
}

tap_packet_status on_tree(stats_tree* tree, packet_info* pinfo, epan_dissect_t*, const void* data,
                          tap_flags_t) {
    const auto& row = *static_cast<const TapRow*>(data);
    auto* counting = static_cast<Counting*>(g_hash_table_lookup(countings, tree));
    const Telling* telling = row.telling;
    if (counting == nullptr || (telling != nullptr && telling->version_2)) {
        return TAP_PACKET_DONT_REDRAW;
    }
    const Message& message = row.datagram->message;
    const char* name = name_of_type(*row.datagram);
    const char* direction = direction_name(telling != nullptr ? telling->direction : Direction::unknown);
    const int by_direction = tick(tree, *counting, kMessages, direction, true);
    tick_stat_node(tree, name, by_direction, FALSE);
    if (!row.datagram->has_message || !message.type.there()) {
        return TAP_PACKET_REDRAW;
    }
    if (message.kind() == Type::publish) {
        count_publish(tree, *counting, pinfo, row, direction);
    }
    if (message.return_code.there()) {
        const char* code = return_code_text(message.return_code.value);
        const int by_type = tick(tree, *counting, kReturnCodes, name, true);
        tick_stat_node(tree, code != nullptr ? code : "(reserved)", by_type, FALSE);
    }
    if (telling == nullptr) {
        return TAP_PACKET_REDRAW;
    }
    if (telling->retransmission_of != 0) {
        tick(tree, *counting, kRetransmissions, name, false);
    }
    count_answer(tree, *counting, pinfo, *telling, message.type.value);
    if (!telling->client.empty()) {
        const char* client = row_name(counting->clients, printable(pinfo->pool, telling->client));
        const int by_client = tick(tree, *counting, kClients, client, true);
        tick_stat_node(tree, direction, by_client, FALSE);
    }
    return TAP_PACKET_REDRAW;
}

}  // namespace

void register_statistics() {
    stats_tree_register_plugin(kFilterName, kFilterName, "MQTT-SN", 0, on_tree, start_tree, end_tree);
}

}  // namespace mqttsnx
