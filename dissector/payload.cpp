// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who reads the data of a PUBLISH. In this order, until one takes it: the user's rules, the table
// "mqttsnx.topic" (Decode As, Lua), the dissectors that recognise topics of MQTT ("mqtt.topic": Sparkplug B),
// and what the octets look like. A will message is left alone: it has no topic of its own, and nobody has
// published it yet.
#include "dissector/content.hpp"
#include "dissector/payload_rules.hpp"
#include "dissector/plugin.hpp"

#include <epan/exceptions.h>
extern "C" {
#include <epan/show_exception.h>  // says nothing of C++ itself
}

namespace mqttsnx {
namespace {

constexpr char kTopicTable[] = "mqttsnx.topic";

dissector_table_t by_topic;
heur_dissector_list_t topic_heuristics;  ///< nullptr if this Wireshark has none
dissector_handle_t json_reader, cbor_reader;
PreferenceBool guess_json = TRUE;
PreferenceBool guess_cbor = FALSE;

/// One who may read the payload: a dissector with its `data`, or (no dissector) the list of heuristics with
/// the topic. Trivial: it lives in a frame that an exception of Wireshark jumps over.
struct Reader {
    dissector_handle_t dissector;
    void* data;
    bool may_tell;  ///< in the Info column, behind what we have said there
};

/// @returns the protocol of who took the payload, -1 if nobody did
int call(const Reader& reader, tvbuff_t* payload, packet_info* pinfo, proto_tree* tree) {
    if (reader.dissector == nullptr) {
        heur_dtbl_entry_t* entry = nullptr;
        const bool taken =
            dissector_try_heuristic(topic_heuristics, payload, pinfo, tree, &entry, reader.data) != 0;
        return taken && entry != nullptr ? proto_get_id(entry->protocol) : -1;
    }
    const bool taken = call_dissector_only(reader.dissector, payload, pinfo, tree, reader.data) > 0;
    return taken ? dissector_handle_get_protocol_index(reader.dissector) : -1;
}

/// "MQTT-SN/JSON". Dissectors have different habits in this column, so they may not write there themselves.
void add_to_protocol_column(packet_info* pinfo, int protocol) {
    const char* name = proto_get_protocol_short_name(find_protocol_by_id(protocol));
    col_append_sep_str(pinfo->cinfo, COL_PROTOCOL, "/", name);
}

// TRY writes to volatile variables in a way that C++20 frowns at.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wvolatile"
#pragma GCC diagnostic ignored "-Wold-style-cast"

/// Keeps what goes wrong in another dissector away from ours. @returns whether it took the payload, or failed
/// on it
bool read(const Reader& reader, tvbuff_t* payload, packet_info* pinfo, proto_tree* tree) {
    const char* const outer = pinfo->current_proto;
    const bool had_protocol = col_get_writable(pinfo->cinfo, COL_PROTOCOL) != 0;
    const bool had_info = col_get_writable(pinfo->cinfo, COL_INFO) != 0;
    volatile int protocol = -1;
    volatile bool failed = false;
    col_set_writable(pinfo->cinfo, COL_PROTOCOL, FALSE);
    col_set_writable(pinfo->cinfo, COL_INFO, had_info && reader.may_tell);
    TRY {
        protocol = call(reader, payload, pinfo, tree);
    }
    CATCH_NONFATAL_ERRORS {
        failed = true;
        show_exception(payload, pinfo, tree, EXCEPT_CODE, GET_MESSAGE);
    }
    ENDTRY;
    pinfo->current_proto = outer;
    col_set_writable(pinfo->cinfo, COL_INFO, had_info);
    col_set_writable(pinfo->cinfo, COL_PROTOCOL, had_protocol);
    if (protocol >= 0) {
        add_to_protocol_column(pinfo, protocol);
    }
    return failed || protocol >= 0;
}

#pragma GCC diagnostic pop

bool read_by_topic(char* topic, tvbuff_t* payload, packet_info* pinfo, proto_tree* tree) {
    for (const PayloadRule* rule = find_payload_rule(nullptr, topic); rule != nullptr;
         rule = find_payload_rule(rule, topic)) {
        if (read({reader_of(*rule), data_of(*rule), true}, payload, pinfo, tree)) {
            return true;
        }
    }
    if (dissector_handle_t chosen = dissector_get_string_handle(by_topic, topic); chosen != nullptr) {
        const char* const saved = pinfo->match_string;
        pinfo->match_string = topic;
        const bool taken = read({chosen, nullptr, true}, payload, pinfo, tree);
        pinfo->match_string = saved;
        if (taken) {
            return true;
        }
    }
    return topic_heuristics != nullptr && read({nullptr, topic, true}, payload, pinfo, tree);
}

// Decode As: the topic of the selected packet, and what reads it from now on.

const char* topic_of_frame(packet_info* pinfo) {
    const Telling* telling = telling_of_frame(pinfo);
    return telling != nullptr ? printable(pinfo->pool, telling->topic) : "";
}

void label_decode_as(packet_info* pinfo, gchar* label) {
    g_snprintf(label, MAX_DECODE_AS_PROMPT_LEN, "Data of topic \"%s\" as", topic_of_frame(pinfo));
}

gpointer value_decode_as(packet_info* pinfo) {
    return const_cast<char*>(topic_of_frame(pinfo));
}

using DecodeAsBool = std::invoke_result_t<decode_as_reset_func, const char*, gconstpointer>;

DecodeAsBool reset_decode_as(const char* table, gconstpointer topic) {
    dissector_reset_string(table, static_cast<const char*>(topic));
    return true;
}

DecodeAsBool change_decode_as(const char* table, gconstpointer topic, gconstpointer reader, const char*) {
    auto* chosen = static_cast<dissector_handle_t>(const_cast<gpointer>(reader));
    dissector_change_string(table, static_cast<const char*>(topic), chosen);
    return true;
}

void register_decode_as_topic() {
    static build_valid_func values[] = {value_decode_as};
    static decode_as_value_t items[] = {{label_decode_as, 1, values}};
    static decode_as_t entry{};
    entry.name = kFilterName;
    entry.table_name = kTopicTable;
    entry.num_items = 1;
    entry.values = items;
    entry.populate_list = decode_as_default_populate_list;
    entry.reset_value = reset_decode_as;
    entry.change_value = change_decode_as;
    register_decode_as(&entry);
}

}  // namespace

void register_payload(module_t* preferences) {
    register_payload_rules(preferences);
    by_topic = register_dissector_table(kTopicTable, "MQTT-SN topic", proto, FT_STRING, FALSE);
    register_decode_as_topic();
    prefs_register_bool_preference(preferences, "guess_json", "Recognise JSON",
                                   "Show the data of a PUBLISH as JSON if all of it is one object or array",
                                   &guess_json);
    prefs_register_bool_preference(preferences, "guess_cbor", "Recognise CBOR",
                                   "Show the data of a PUBLISH as CBOR if all of it is one map or array. "
                                   "Short binary data can be that by accident.",
                                   &guess_cbor);
}

void hand_off_payload() {
    topic_heuristics = find_heur_dissector_list("mqtt.topic");
    json_reader = find_dissector("json");
    // What Decode As offers. A rule of the user, or Lua, may choose any other.
    for (const char* name : {"json", "cbor", "protobuf", "xml", "msgpack", "data-text-lines"}) {
        if (dissector_handle_t reader = find_dissector(name); reader != nullptr) {
            dissector_add_for_decode_as(kTopicTable, reader);
        }
    }
    cbor_reader = find_dissector("cbor");
}

void show_payload(tvbuff_t* payload, packet_info* pinfo, proto_tree* tree, const Telling* telling) {
    const guint captured = tvb_captured_length(payload);
    if (captured == 0) {
        return;
    }
    if (telling != nullptr && !telling->topic.empty()) {
        char* topic = wmem_strndup(pinfo->pool, telling->topic.data(), telling->topic.size());
        if (read_by_topic(topic, payload, pinfo, tree)) {
            return;
        }
    }
    if (captured != tvb_reported_length(payload)) {
        return;  // half of an object is none
    }
    const Octets octets{tvb_get_ptr(payload, 0, static_cast<gint>(captured)), captured};
    if (guess_json != FALSE && json_reader != nullptr && is_json(octets)) {
        read({json_reader, nullptr, false}, payload, pinfo, tree);
    } else if (guess_cbor != FALSE && cbor_reader != nullptr && is_cbor(octets)) {
        read({cbor_reader, nullptr, false}, payload, pinfo, tree);
    }
}

}  // namespace mqttsnx
