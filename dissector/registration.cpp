// SPDX-License-Identifier: GPL-2.0-or-later
//
// The protocol, its fields and expert infos: field_table.h and expert_table.h as Wireshark wants them.
#include <array>

#include "dissector/aliases.hpp"
#include "dissector/plugin.hpp"

namespace mqttsnx {

int proto = -1;
int hf[kFields];
int ett[kSubtrees];
expert_field ei[kExperts];
dissector_handle_t handle;
int tap = -1;

namespace {

// NOLINTBEGIN(modernize-avoid-c-arrays): they go to a C library.
constexpr value_string kTypeStrings[] = {
#define X(NAME, name, code, octets_min, octets_max, from, layout, section) {code, #NAME},
    MQTTSN_MESSAGES(X)
#undef X
        {MQTTSN_ENVELOPE_CODE, "Forwarder envelope"},
    {0, nullptr},
};

constexpr value_string kReturnCodeStrings[] = {
#define X(NAME, name, code, text) {code, text},
    MQTTSN_RETURN_CODES(X)
#undef X
        {0, nullptr},
};

constexpr value_string kQosStrings[] = {{0, "0"}, {1, "1"}, {2, "2"}, {3, "-1"}, {0, nullptr}};

constexpr value_string kTopicIdTypeStrings[] = {
    {0, "normal id or name"}, {1, "pre-defined id"}, {2, "short name"}, {3, "reserved"}, {0, nullptr}};

constexpr value_string kTopicSourceStrings[] = {
    {static_cast<guint32>(TopicSource::none), "not known"},
    {static_cast<guint32>(TopicSource::octets), "this message"},
    {static_cast<guint32>(TopicSource::registered), "REGISTER"},
    {static_cast<guint32>(TopicSource::subscribed), "SUBSCRIBE"},
    {static_cast<guint32>(TopicSource::predefined), "preferences"},
    {0, nullptr}};

// Filled when registered: the names belong to the reader.
constexpr std::size_t kStates = static_cast<std::size_t>(State::lost) + 1;
constexpr std::size_t kDirections = static_cast<std::size_t>(Direction::down) + 1;
value_string state_strings[kStates + 1];
value_string direction_strings[kDirections + 1];
constexpr std::size_t kTypes = 256;
value_string v2_type_strings[kTypes + 1];

// With the rule, because that is what the text is worth.
#define X(NAME, name, severity, group, text, rule)                                                    \
    {&ei[static_cast<int>(Expert::name)],                                                             \
     {"mqttsnx.expert." #name, PI_##group, PI_##severity, rule[0] == '-' ? text : text " (" rule ")", \
      EXPFILL}},
ei_register_info expert_infos[] = {MQTTSNX_EXPERTS(X)};
#undef X

#define X(NAME, abbrev, title, type, display, strings, mask, blurb) \
    {&hf[F_##NAME], {title, "mqttsnx." abbrev, type, display, strings, mask, blurb, HFILL}},
hf_register_info field_infos[] = {MQTTSNX_FIELDS(X)};
#undef X
// NOLINTEND(modernize-avoid-c-arrays)

void fill_strings() {
    for (std::size_t i = 0; i < kStates; ++i) {
        state_strings[i] = {static_cast<guint32>(i), state_name(static_cast<State>(i))};
    }
    for (std::size_t i = 0; i < kDirections; ++i) {
        direction_strings[i] = {static_cast<guint32>(i), direction_name(static_cast<Direction>(i))};
    }
    std::size_t used = 0;
    for (std::uint32_t type = 0; type < kTypes; ++type) {
        if (const char* name = version_2_type_name(type); name != nullptr) {
            v2_type_strings[used++] = {type, name};
        }
    }
}

}  // namespace

void register_fields() {
    fill_strings();
    proto = proto_register_protocol("MQTT For Sensor Networks (Dormouse)", "MQTT-SN+", kFilterName);
    for (int& field : hf) {
        field = -1;
    }
    proto_register_field_array(proto, field_infos, kFields);
    register_aliases();
    static std::array<int*, kSubtrees> subtrees;
    for (std::size_t i = 0; i < subtrees.size(); ++i) {
        ett[i] = -1;
        subtrees[i] = &ett[i];
    }
    proto_register_subtree_array(subtrees.data(), kSubtrees);
    for (expert_field& expert : ei) {
        expert = EI_INIT;
    }
    expert_register_field_array(expert_register_protocol(proto), expert_infos, kExperts);
}

}  // namespace mqttsnx
