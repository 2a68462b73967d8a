// SPDX-License-Identifier: GPL-2.0-or-later
//
// One datagram: its columns, its place in the story, its details, and who else is told of it.
#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <type_traits>

#include "dissector/aliases.hpp"
#include "dissector/plugin.hpp"
#include "dissector/summary.hpp"

namespace mqttsnx {
namespace {

constexpr std::size_t kMessagesMax = 16;   // of one datagram; SN12 knows only one
constexpr std::uint32_t kLayerShift = 16;  // of the key of what is kept of a datagram
constexpr Nanoseconds kNanosecondsPerSecond = 1'000'000'000;

std::unique_ptr<Story> story;
int version = static_cast<int>(StorySettings::Version::automatic);
int export_tap = -1;

// What a frame of dissect() may hold while Wireshark can jump over it.
static_assert(std::is_trivially_destructible_v<Datagram> && std::is_trivially_destructible_v<Line> &&
              std::is_trivially_destructible_v<Sighting> && std::is_trivially_destructible_v<Octets>);

void begin_story() {
    try {
        StorySettings settings;
        settings.version = static_cast<StorySettings::Version>(version);
        settings.predefined = predefined_name;
        story = std::make_unique<Story>(settings);
    } catch (...) {
        story.reset();  // then the packets tell only what they hold
    }
}

void end_story() {
    story.reset();
    forget_predefined();
}

/// Nanoseconds since 1970; a time beyond what 64 bits hold becomes the last or first that they do.
Nanoseconds nanoseconds(const nstime_t& time) {
    constexpr Nanoseconds kSecondsMax = std::numeric_limits<Nanoseconds>::max() / kNanosecondsPerSecond - 1;
    const Nanoseconds seconds = std::clamp<Nanoseconds>(time.secs, -kSecondsMax, kSecondsMax);
    return seconds * kNanosecondsPerSecond +
           std::clamp<Nanoseconds>(time.nsecs, 0, kNanosecondsPerSecond - 1);
}

bool is_multicast(const address& network, const address& link) {
    const auto* octets = static_cast<const std::uint8_t*>(network.data);
    if (network.type == AT_IPv4 && network.len == 4) {
        const bool all_ones = std::all_of(octets, octets + 4, [](std::uint8_t o) { return o == 0xFF; });
        if ((octets[0] & 0xF0) == 0xE0 || all_ones) {
            return true;
        }
    }
    if (network.type == AT_IPv6 && network.len == 16 && octets[0] == 0xFF) {
        return true;
    }
    // The broadcast address of a subnet looks like any other, but not on the link.
    return link.type == AT_ETHER && link.len == 6 &&
           (static_cast<const std::uint8_t*>(link.data)[0] & 1) != 0;
}

Endpoint endpoint(const address& network, std::uint32_t port) {
    Endpoint result;
    result.kind = static_cast<std::uint8_t>(network.type);
    result.port = static_cast<std::uint16_t>(port);
    if (network.data != nullptr && network.len > 0) {
        result.size = static_cast<std::uint8_t>(
            std::min<std::size_t>(static_cast<std::size_t>(network.len), result.octets.size()));
        std::memcpy(result.octets.data(), network.data, result.size);
    }
    return result;
}

Sighting sighting_of(const packet_info* pinfo) {
    Sighting sighting;
    sighting.frame = pinfo->num;
    sighting.time = nanoseconds(pinfo->abs_ts);
    const bool has_ports = pinfo->ptype != PT_NONE;
    sighting.source = endpoint(pinfo->src, has_ports ? pinfo->srcport : 0);
    sighting.destination = endpoint(pinfo->dst, has_ports ? pinfo->destport : 0);
    sighting.destination.multicast = is_multicast(pinfo->dst, pinfo->dl_dst);
    if (has_ports) {
        const bool from_gateway = is_gateway_port(pinfo->srcport);
        if (from_gateway != is_gateway_port(pinfo->destport)) {
            sighting.by_port = from_gateway ? Direction::down : Direction::up;
        }
    }
    return sighting;
}

/// Nothing that can jump happens in here, and no exception leaves.
const Telling* tell(const Sighting& sighting, const Datagram& datagram, Octets captured,
                    std::uint32_t reported) noexcept {
    try {
        return story->tell(sighting, datagram, captured, reported);
    } catch (...) {
        return nullptr;
    }
}

const Telling* kept(packet_info* pinfo, std::uint32_t key) {
    return static_cast<const Telling*>(p_get_proto_data(wmem_file_scope(), pinfo, proto, key));
}

/// What is kept of a frame has the layer as its key, and the number of the datagram within the layer: tunnels
/// have several layers of UDP, DTLS has several records in a datagram.
std::uint32_t key_of_layer(const packet_info* pinfo) {
    return static_cast<std::uint32_t>(pinfo->curr_layer_num) << kLayerShift;
}

/// The next datagram of a layer that has several, on a later pass.
std::uint32_t next_key(packet_info* pinfo) {
    const std::uint32_t layer = key_of_layer(pinfo);
    auto* next = static_cast<std::uint32_t*>(p_get_proto_data(pinfo->pool, pinfo, proto, layer));
    if (next == nullptr) {
        next = wmem_new0(pinfo->pool, std::uint32_t);
        p_add_proto_data(pinfo->pool, pinfo, proto, layer, next);
    }
    return layer + (*next)++;
}

/// On the first pass what the story makes of it, later what it made of it then.
const Telling* telling_of(packet_info* pinfo, const Datagram& datagram, Octets captured,
                          std::uint32_t reported) {
    if (story == nullptr || pinfo->flags.in_error_pkt) {  // an ICMP error quotes it: it was not sent again
        return nullptr;
    }
    std::uint32_t key = key_of_layer(pinfo);
    if (PINFO_FD_VISITED(pinfo)) {
        return kept(pinfo, kept(pinfo, key + 1) == nullptr ? key : next_key(pinfo));
    }
    const Telling* telling = tell(sighting_of(pinfo), datagram, captured, reported);
    if (telling != nullptr) {
        while (kept(pinfo, key) != nullptr) {
            ++key;
        }
        p_add_proto_data(wmem_file_scope(), pinfo, proto, key, const_cast<Telling*>(telling));
    }
    return telling;
}

void tell_listeners(tvbuff_t* tvb, packet_info* pinfo, Octets captured, const Datagram& datagram,
                    const Telling* telling) {
    const bool has_listener = have_tap_listener(tap);
    const bool has_exporter = have_tap_listener(tap_objects);
    if (!has_listener && !has_exporter) {
        return;
    }
    auto* copy = static_cast<Datagram*>(wmem_memdup(pinfo->pool, &datagram, sizeof datagram));
    auto* row = static_cast<TapRow*>(wmem_alloc(pinfo->pool, sizeof(TapRow)));
    *row = {copy, telling, captured, tvb};
    if (has_listener) {
        tap_queue_packet(tap, pinfo, row);
    }
    if (has_exporter) {
        tap_queue_packet(tap_objects, pinfo, row);
    }
}

/// For "Export PDUs": the octets without what carried them, for instance out of DTLS.
void export_pdu(tvbuff_t* tvb, packet_info* pinfo) {
    if (!have_tap_listener(export_tap)) {
        return;
    }
    exp_pdu_data_t* pdu = export_pdu_create_common_tags(pinfo, kFilterName, EXP_PDU_TAG_DISSECTOR_NAME);
    pdu->tvb_captured_length = tvb_captured_length(tvb);
    pdu->tvb_reported_length = tvb_reported_length(tvb);
    pdu->pdu_tvb = tvb;
    tap_queue_packet(export_tap, pinfo, pdu);
}

/// The data of a PUBLISH, for whoever can read it.
struct Payload {
    Range where;
    std::uint32_t reported;  ///< octets on the wire
    const Telling* telling;
};

Payload payload_of(const Datagram& datagram, const Telling* telling) {
    const Message& message = datagram.message;
    const bool is_there = datagram.has_message && message.kind() == Type::publish && message.has_data &&
                          message.data.size != 0 && (telling == nullptr || !telling->version_2);
    if (!is_there) {
        return {};
    }
    const std::uint32_t missing = message.length.value - std::min(message.length.value, message.whole.size);
    return {message.data, message.data.size + missing, telling};
}

/// Last of all, because it may end in an exception of Wireshark.
void show_payloads(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, const Payload* payloads,
                   std::size_t count) {
    col_set_fence(pinfo->cinfo, COL_PROTOCOL);
    col_set_fence(pinfo->cinfo, COL_INFO);
    for (std::size_t i = 0; i < count; ++i) {
        tvbuff_t* payload = tvb_new_subset_length_caplen(tvb, static_cast<int>(payloads[i].where.at),
                                                         static_cast<int>(payloads[i].where.size),
                                                         static_cast<int>(payloads[i].reported));
        show_payload(payload, pinfo, tree, payloads[i].telling);
    }
}

/// One message: columns, listeners, details.
void show_message(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, Octets captured,
                  const Datagram& datagram, const Telling* telling, bool is_first) {
    const bool has_column = col_get_writable(pinfo->cinfo, COL_INFO);
    Line line;
    if (has_column || tree != nullptr) {
        summarize(line, datagram, captured, telling);
    }
    if (has_column) {
        if (is_first) {
            col_add_str(pinfo->cinfo, COL_INFO, line.c_str());
        } else {
            col_append_sep_str(pinfo->cinfo, COL_INFO, " | ", line.c_str());
        }
    }
    tell_listeners(tvb, pinfo, captured, datagram, telling);
    show(tvb, pinfo, tree, datagram, telling, line.c_str());
    add_aliases(tvb, tree, datagram);
}

}  // namespace

int dissect(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, void*) {
    const auto reported = static_cast<std::uint32_t>(tvb_reported_length(tvb));
    const std::size_t size = tvb_captured_length(tvb);
    if (reported == 0) {
        return 0;
    }
    col_set_str(pinfo->cinfo, COL_PROTOCOL, "MQTT-SN");
    col_clear(pinfo->cinfo, COL_INFO);
    const Octets captured{size == 0 ? nullptr : tvb_get_ptr(tvb, 0, static_cast<int>(size)), size};
    export_pdu(tvb, pinfo);

    Payload payloads[kMessagesMax];
    std::size_t payload_count = 0;
    const Telling* telling = nullptr;
    std::uint32_t at = 0;
    for (std::size_t i = 0; i < kMessagesMax; ++i) {
        Datagram datagram = decode(captured, reported, at);
        if (pinfo->flags.in_error_pkt) {
            datagram.fault_count = 0;  // an ICMP error quotes as much as it likes
        }
        if (i == 0) {
            telling = telling_of(pinfo, datagram, captured, reported);
        }
        // A message behind the first is read, but it is no part of the story: nobody answers it.
        const Telling* known = i == 0 ? telling : nullptr;
        const bool more = datagram.rest_is_message && datagram.rest.at > at && i + 1 < kMessagesMax &&
                          (telling == nullptr || !telling->version_2);
        datagram.rest_is_message = more;
        show_message(tvb, pinfo, tree, captured, datagram, known, i == 0);
        payloads[payload_count] = payload_of(datagram, known);
        payload_count += payloads[payload_count].where.size != 0 ? 1 : 0;
        if (!more) {
            break;
        }
        at = datagram.rest.at;
    }
    if (payload_count != 0) {
        show_payloads(tvb, pinfo, tree, payloads, payload_count);
    }
    return static_cast<int>(size);
}

const Telling* telling_of_frame(packet_info* pinfo) {
    const std::uint32_t layers = wmem_list_count(pinfo->layers);
    const Telling* telling = nullptr;
    for (std::uint32_t layer = 0; layer <= layers && telling == nullptr; ++layer) {
        telling = kept(pinfo, layer << kLayerShift);
    }
    return telling;
}

std::uint32_t stream_count() {
    return story != nullptr ? story->streams() : 0;
}

void register_packet(module_t* preferences) {
    static constexpr enum_val_t kVersions[] = {
        {"auto", "By the first packet of each conversation",
         static_cast<int>(StorySettings::Version::automatic)},
        {"1.2", "1.2", static_cast<int>(StorySettings::Version::v1_2)},
        {"2.0", "2.0 (draft: only headers are shown)", static_cast<int>(StorySettings::Version::v2_0)},
        {nullptr, nullptr, 0},
    };
    prefs_register_enum_preference(
        preferences, "version", "Version of MQTT-SN",
        "MQTT-SN 2.0 numbers its messages differently, and no octet says which it is", &version, kVersions,
        FALSE);
    handle = register_dissector(kFilterName, dissect, proto);
    tap = register_tap(kFilterName);
    export_tap = register_export_pdu_tap("MQTT-SN");
    register_init_routine(begin_story);
    register_cleanup_routine(end_story);
}

}  // namespace mqttsnx
