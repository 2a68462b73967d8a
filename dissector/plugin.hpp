// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the files that know Wireshark share. Each of them takes one room: registration (fields, experts),
// packet (one datagram: columns, story, tree), tree (the details of one message), carriers (ports,
// heuristics, DTLS), predefined (names of pre-defined topic ids), payload (who reads the data), statistics,
// conversations, follow, objects.
//
// Two rules in all of them. An exception of Wireshark (a tvb read out of bounds, a subdissector) is a
// longjmp: no object with a destructor may be alive in a frame that it jumps over. And what the story needs
// happens on the first pass, whether there is a tree or not.
#ifndef DISSECTOR_PLUGIN_HPP
#define DISSECTOR_PLUGIN_HPP

#include "dissector/decode.hpp"
#include "dissector/field_table.h"
#include "dissector/story.hpp"
#include "dissector/wireshark.hpp"

namespace mqttsnx {

enum Field : int {
#define X(NAME, ...) F_##NAME,
    MQTTSNX_FIELDS(X)
#undef X
        kFields
};

enum Subtree : int {
    S_PROTOCOL,
    S_ENVELOPE,
    S_MESSAGE,
    S_FLAGS,
    S_CTRL,
    S_GW_ADDRESS,
    S_EXCHANGE,
    kSubtrees
};

constexpr char kFilterName[] = "mqttsnx";

extern int proto;                  ///< the protocol's number
extern int hf[kFields];            ///< by Field
extern int ett[kSubtrees];         ///< by Subtree
extern expert_field ei[kExperts];  ///< by Expert
extern dissector_handle_t handle;  ///< "mqttsnx", for any carrier
extern int tap;                    ///< one TapRow a message
extern int tap_objects;            ///< the same TapRow: Wireshark gives Export Objects a tap of its own

/// What listeners get of a message. Lives as long as the packet is shown; what `telling` shows lives longer,
/// as long as the capture file.
struct TapRow {
    const Datagram* datagram;
    const Telling* telling;  ///< of the datagram's first message; nullptr for a further one
    Octets captured;
    tvbuff_t* tvb;  ///< captured is its octets
};

// registration.cpp
void register_fields();  ///< proto, hf, ett, ei; first of all

// packet.cpp
/// One datagram. @returns octets taken: all, or 0 if it is none of ours (heuristics)
int dissect(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, void* data);
void register_packet(module_t* preferences);  ///< handle, init and cleanup routines, tap

/// What the story tells of the first datagram of a frame that has been dissected before; nullptr if nothing.
const Telling* telling_of_frame(packet_info* pinfo);
std::uint32_t stream_count();  ///< devices so far: streams are numbered from 0 to one less

// tree.cpp
/// The details of one message, its envelopes and its faults, but for what the data of a PUBLISH holds. `tree`
/// may be nullptr: experts are told all the same. @param summary  the message in one line
void show(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, const Datagram& datagram,
          const Telling* telling, const char* summary);

// carriers.cpp
void register_carriers(module_t* preferences);
void hand_off_carriers();
void carriers_changed();                   ///< the user has changed preferences
bool is_gateway_port(std::uint32_t port);  ///< one of the preference "UDP ports"

// predefined.cpp
void register_predefined(module_t* preferences);
void predefined_changed();  ///< the user has changed preferences
void forget_predefined();   ///< the views that predefined_name() has returned are not needed any more
/// StorySettings::predefined
std::string_view predefined_name(const Endpoint& gateway, std::string_view client, std::uint16_t id,
                                 void* context);

// printable.cpp
/// One line of UTF-8 without control characters, NUL-terminated: what is neither becomes "\xNN".
const char* printable(wmem_allocator_t* pool, std::string_view text);

// payload.cpp
void register_payload(module_t* preferences);
void hand_off_payload();
/// Lets the dissector of the user's rule, or one that recognises the octets, show the data of a PUBLISH.
void show_payload(tvbuff_t* payload, packet_info* pinfo, proto_tree* tree, const Telling* telling);

// statistics.cpp, response_times.cpp, conversations.cpp, follow.cpp, objects.cpp: listeners of `tap`
void register_statistics();
void register_response_times();
void register_conversations();
void register_follow(module_t* preferences);
void register_objects();

}  // namespace mqttsnx

#endif
