// SPDX-License-Identifier: BSD-3-Clause
#include "lossy/scenario_schema.hpp"

#include <algorithm>

#include "lossy/link_presets.hpp"

namespace mqttsn::lossy {
namespace {

using Words = std::span<const std::string_view>;

// In the order of the enumerators.
constexpr std::string_view kPatternWords[] = {"active", "sleeper", "visitor"};
constexpr std::string_view kTopicWords[] = {"name", "predefined", "short"};
constexpr std::string_view kDirectionWords[] = {"both", "up", "down"};

constexpr std::int64_t kMs = 1000;
constexpr std::int64_t kSecond = 1000 * kMs;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kOctets16 = 65535;

constexpr KeyKind kBoolean = KeyKind::boolean;
constexpr KeyKind kInteger = KeyKind::integer;
constexpr KeyKind kTime = KeyKind::time;
constexpr KeyKind kWord = KeyKind::word;
constexpr KeyKind kText = KeyKind::text;
constexpr KeyKind kQosList = KeyKind::qos_list;
constexpr KeyKind kCurrent = KeyKind::current;
constexpr KeyKind kVoltage = KeyKind::voltage;

const std::vector<std::string_view>& preset_words() {
    static const std::vector<std::string_view> words = [] {
        std::vector<std::string_view> names;
        for (const LinkPreset& preset : link_presets()) {
            names.push_back(preset.name);
        }
        return names;
    }();
    return words;
}

std::string set_preset(const KeyTarget& t, const KeyValue& v) {
    const LinkPreset& preset = link_presets()[static_cast<std::size_t>(v.number)];
    *t.link = preset.settings;
    *t.preset = preset.name;
    return "";
}

std::string set_device_name(const KeyTarget& t, const KeyValue& v) {
    const bool plain = std::all_of(v.text.begin(), v.text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '_';
    });
    t.group->name = v.text;
    return plain ? ""
                 : "expected letters, digits, '-' and '_' (it begins client ids), got \"" + v.text + "\"";
}

std::string set_adaptive(const KeyTarget&, const KeyValue& v) {
    return v.boolean ? "not available in this version: the retry intervals of devices are fixed" : "";
}

std::string set_publish_qos(const KeyTarget& t, const KeyValue& v) {
    t.group->device.publish_qos.assign(v.list.begin(), v.list.end());
    return "";
}

std::string set_receive_qos(const KeyTarget& t, const KeyValue& v) {
    t.group->downlink.qos.assign(v.list.begin(), v.list.end());
    return "";
}

std::string set_topic(const KeyTarget& t, const KeyValue& v) {
    t.group->device.topic = static_cast<sim::TopicKind>(v.number);
    t.group->downlink.topic = t.group->device.topic;
    return "";
}

std::string set_direction(const KeyTarget& t, const KeyValue& v) {
    t.partition->up = v.number != 2;
    t.partition->down = v.number != 1;
    return "";
}

// What a row's setters have in common: `t` target, `v` value.
#define SET(statement)                                         \
    [](const KeyTarget& t, const KeyValue& v) -> std::string { \
        statement;                                             \
        return "";                                             \
    }
#define NUMBER(type, field) SET(t.field = static_cast<type>(v.number))
#define BOOLEAN(field) SET(t.field = v.boolean)
#define TIME(field) SET(t.field = Micros{v.number})
#define TIME_MS(type, field) SET(t.field = static_cast<type>(v.number / kMs))
#define TIME_S(type, field) SET(t.field = static_cast<type>(v.number / kSecond))

constexpr SectionRow kSections[] = {
    {"scenario", false, 1, "What is run."},
    {"link", false, 1,
     "The network between each device and the gateway, both directions. `preset` comes first, the other "
     "keys change it."},
    {"link.up", false, 1, "The same for the direction from device to gateway only; it wins over `[link]`."},
    {"link.down", false, 1, "The same for the direction from gateway to device."},
    {"partition", true, kPartitionsMax, "Times in which nothing passes, on all links."},
    {"gateway", false, 1, "The gateway under test; names as in gateway.toml."},
    {"broker", false, 1, "The MQTT broker behind it, a model."},
    {"device", true, kDeviceGroupsMax,
     "A group of devices that behave alike, each with the real client library."},
    {"device.link", false, 1,
     "After a `[[device]]`: this group has a network of its own instead of `[link]`."},
    {"device.link.up", false, 1, "Its direction from device to gateway."},
    {"device.link.down", false, 1, "Its direction from gateway to device."},
    {"faults", false, 1, "What breaks, again and again."},
    {"radio", false, 1, "Supply currents of a device's radio, for the energy figures."},
    {"sweep", false, 1, "Runs the scenario once for each value."},
    {"sweep.series", false, 1, "A second parameter: one curve of the chart for each value."},
};

// clang-format off
constexpr KeyRow kKeys[] = {
    {"scenario", "name", kText, 0, 100, {}, "(the file's name)", SET(t.scenario->name = v.text), "Title of reports."},
    {"scenario", "question", kText, 0, 200, {}, "\"\"", SET(t.scenario->question = v.text),
        "The question that the scenario answers; shown in reports."},
    {"scenario", "duration", kTime, kSecond, 366 * kDay, {}, "\"1h\"", TIME(scenario->duration), "Virtual time of one run."},
    {"scenario", "drain", kTime, 0, 366 * kDay, {}, "(computed)", SET(t.scenario->drain = Micros{v.number};
        t.scenario->drain_is_computed = false),
        "So long before the end the last message is sent, so that what is missing then is lost and not late. Computed: "
        "time for all retries, a reconnection and two wake-ups, at most half of the duration; the same for all points of a sweep."},
    {"scenario", "deadline", kTime, 0, 366 * kDay, {}, "\"0s\"", TIME(scenario->deadline),
        "A message that arrives later than this is counted as late; 0s = none is."},
    {"scenario", "seed", kInteger, 0, INT64_MAX, {}, "1", NUMBER(std::uint64_t, scenario->seed),
        "Of everything random. The same seed gives the same run on every machine."},
    {"scenario", "seeds", kInteger, 1, std::int64_t{kRunsMax}, {}, "1", NUMBER(std::uint32_t, scenario->seeds),
        "How many runs, with `seed`, `seed` + 1, ...; reports are over all of them."},

    {"link", "preset", kWord, 0, 0, {}, "(none: a perfect link)", set_preset, "A named network to begin with."},
    {"link", "rebind", kTime, 0, 366 * kDay, {}, "(as in the preset)", TIME(link->rebind.every),
        "So often the NAT gives the device another source port; 0s = never."},
    {"link", "rebind_idle", kTime, 0, 366 * kDay, {}, "(as in the preset)", TIME(link->rebind.after_idle),
        "Also after the device has been silent for so long; 0s = never."},

    {"partition", "from", kTime, 0, 366 * kDay, {}, kRequired, TIME(partition->from), "When it begins, from the start of the run."},
    {"partition", "to", kTime, 0, 366 * kDay, {}, kRequired, TIME(partition->to), "When it is over."},
    {"partition", "every", kTime, 0, 366 * kDay, {}, "\"0s\"", TIME(partition->every), "Again after so long; 0s = once."},
    {"partition", "direction", kWord, 0, 0, kDirectionWords, "\"both\"", set_direction, "Which direction is cut."},

    {"gateway", "retry_interval", kTime, 100 * kMs, 10 * kMinute, {}, "\"10s\"",
        TIME_MS(std::uint32_t, scenario->gateway.retry.interval_ms), "T_retry towards devices.", kMs},
    {"gateway", "retry_count", kInteger, 0, 100, {}, "3", NUMBER(std::uint8_t, scenario->gateway.retry.count_max),
        "N_retry towards devices."},
    {"gateway", "adaptive", kBoolean, 0, 0, {}, "false", BOOLEAN(scenario->gateway.retry_adaptive),
        "Waits follow the round trips that are measured, up to `retry_interval`."},
    {"gateway", "uplink_window", kInteger, 1, 64, {}, "4", NUMBER(std::uint32_t, scenario->gateway.limits.uplink_window),
        "Exchanges that a device may have open at once."},
    {"gateway", "sleep_max_messages", kInteger, 1, 100000, {}, "100",
        NUMBER(std::uint32_t, scenario->gateway.sleep.max_messages), "Messages that the gateway keeps for one device."},
    {"gateway", "sleep_max_bytes", kInteger, 1024, std::int64_t{1} << 30, {}, "65536",
        NUMBER(std::uint32_t, scenario->gateway.sleep.max_bytes), "Octets that it keeps for one device."},
    {"gateway", "roaming", kBoolean, 0, 0, {}, "true", BOOLEAN(scenario->gateway.session.roaming),
        "A sleeper may wake up from another address."},

    {"broker", "delay", kTime, 0, kHour, {}, "\"1ms\"", TIME(scenario->broker_delay), "One way between gateway and broker."},
    {"broker", "window", kInteger, 0, kOctets16, {}, "20", NUMBER(std::uint32_t, scenario->broker.window),
        "QoS 1 and 2 messages in flight to one client; 0 = no limit."},
    {"broker", "keeps_to_window", kBoolean, 0, 0, {}, "true", BOOLEAN(scenario->broker.keeps_to_window),
        "false: each acknowledgement makes room for `window` more, as in mosquitto 2.0.11."},
    {"broker", "queue", kInteger, 0, 1000000, {}, "1000", NUMBER(std::uint32_t, scenario->broker.queue_max),
        "QoS 1 and 2 messages that wait for one client; more are dropped."},

    {"device", "name", kText, 1, 40, {}, kRequired, set_device_name, "Client ids are \"name-1\", \"name-2\", ..."},
    {"device", "count", kInteger, 1, std::int64_t{kDevicesMax}, {}, "1", NUMBER(std::uint32_t, group->count), "How many."},
    {"device", "pattern", kWord, 0, 0, kPatternWords, "\"active\"",
        SET(t.group->device.pattern = static_cast<sim::Pattern>(v.number)),
        "active: connects and stays. sleeper: sleeps, wakes every `wake_every`, fetches what waits, sends what it has, sleeps. "
        "visitor: connects every `wake_every` if it has something to send, and disconnects."},
    {"device", "wake_every", kTime, 0, 18 * kHour, {}, "\"0s\"", TIME(group->device.wake_every), "Of sleeper and visitor."},
    {"device", "sleep_duration", kTime, 0, kOctets16 * kSecond, {}, "\"0s\"", TIME_S(std::uint16_t, group->device.sleep_s),
        "What a sleeper tells the gateway; 0s = half as long again as `wake_every`, and 10 s.", kSecond},
    {"device", "clean_session", kBoolean, 0, 0, {}, "false", BOOLEAN(group->device.clean_session), "Of every CONNECT."},
    {"device", "keep_alive", kTime, 0, kOctets16 * kSecond, {}, "\"60s\"", TIME_S(std::uint16_t, group->device.keep_alive_s),
        "Of CONNECT; 0s = none.", kSecond},
    {"device", "start_spread", kTime, 0, 366 * kDay, {}, "(one period)", SET(t.group->start_spread = Micros{v.number}),
        "Devices are switched on at random within this time, so that they do not send in step. The longest of "
        "`publish_every`, `receive_every` and `wake_every`, if that leaves half of the run."},
    {"device", "topic", kWord, 0, 0, kTopicWords, "\"name\"", set_topic,
        "name: registered first. predefined: an id that both sides know. short: two octets."},
    {"device", "topics", kInteger, 1, 100, {}, "1", SET(t.group->device.topics = static_cast<std::uint32_t>(v.number);
        t.group->downlink.topics = static_cast<std::uint32_t>(v.number)), "Messages go to so many topics in turn."},
    {"device", "publish_every", kTime, 0, 366 * kDay, {}, "\"0s\"", TIME(group->device.publish_every), "0s = never."},
    {"device", "publish_jitter", kTime, 0, 366 * kDay, {}, "\"0s\"", TIME(group->device.publish_jitter), "Up to so much later, each time."},
    {"device", "publish_qos", kQosList, -1, 2, {}, "1", set_publish_qos, "An array: in turn. Messages of QoS -1 go to predefined or short topics."},
    {"device", "payload", kInteger, sim::Ledger::kPayloadOctetsMin, 1400, {}, "32",
        NUMBER(std::uint32_t, group->device.payload_octets), "Octets."},
    {"device", "backlog", kInteger, 0, 100000, {}, "1000", NUMBER(std::uint32_t, group->device.backlog_max),
        "Messages that the application keeps while the client's queue is full; more are lost."},
    {"device", "receive_every", kTime, 0, 366 * kDay, {}, "\"0s\"", TIME(group->downlink.every),
        "So often somebody publishes to the device, which has subscribed; 0s = never."},
    {"device", "receive_jitter", kTime, 0, 366 * kDay, {}, "\"0s\"", TIME(group->downlink.jitter), "Up to so much later, each time."},
    {"device", "receive_qos", kQosList, 0, 2, {}, "1", set_receive_qos, "An array: in turn."},
    {"device", "receive_payload", kInteger, sim::Ledger::kPayloadOctetsMin, 1400, {}, "32",
        NUMBER(std::uint32_t, group->downlink.payload_octets), "Octets."},
    {"device", "subscribe_qos", kInteger, 0, 2, {}, "2", NUMBER(std::uint8_t, group->device.subscribe_qos), "Of its SUBSCRIBE."},
    {"device", "retry_interval", kTime, kMs, 10 * kMinute, {}, "\"10s\"", TIME_MS(std::uint32_t, group->device.retry_interval_ms),
        "T_retry of the device; each wait gets up to a quarter more.", kMs},
    {"device", "retry_count", kInteger, 0, 100, {}, "3", NUMBER(std::uint8_t, group->device.retry_count), "N_retry of the device."},
    {"device", "adaptive", kBoolean, 0, 0, {}, "false", set_adaptive, "The same for the device; only false yet."},
    {"device", "reconnect_after", kTime, 0, kHour, {}, "\"2s\"", TIME(group->device.reconnect_after), "Wait after a lost connection."},
    {"device", "congestion_wait", kTime, kMs, kDay, {}, "\"5m\"", TIME_MS(std::uint32_t, group->device.congestion_wait_ms),
        "T_WAIT after \"rejected: congestion\".", kMs},
    {"device", "queue", kInteger, 1, 255, {}, "4", NUMBER(std::uint8_t, group->device.queue_length),
        "Publications that the client library keeps."},
    {"device", "inbound", kInteger, 0, 255, {}, "8", NUMBER(std::uint8_t, group->device.inbound_length),
        "QoS 2 messages that may be open towards the device."},
    {"device", "topic_memory", kInteger, 0, kOctets16, {}, "256", NUMBER(std::uint16_t, group->device.topic_memory_octets),
        "Octets for topic ids; 0 = REGISTER before each message."},

    {"faults", "gateway_every", kTime, 0, 366 * kDay, {}, "\"0s\"", TIME(scenario->faults.gateway_every),
        "So often the gateway is killed and forgets everything; 0s = never."},
    {"faults", "gateway_outage", kTime, kMs, kDay, {}, "\"5s\"", TIME(scenario->faults.gateway_outage), "Until it runs again."},
    {"faults", "broker_every", kTime, 0, 366 * kDay, {}, "\"0s\"", TIME(scenario->faults.broker_every), "So often the broker crashes; 0s = never."},
    {"faults", "broker_outage", kTime, kMs, kDay, {}, "\"5s\"", TIME(scenario->faults.broker_outage), "Until it runs again."},
    {"faults", "broker_keeps_memory", kBoolean, 0, 0, {}, "true", BOOLEAN(scenario->faults.broker_keeps_memory),
        "false: kept sessions and all their messages are gone."},

    {"radio", "transmit", kCurrent, 0, 10'000'000'000, {}, "\"4.8mA\"", NUMBER(std::uint64_t, scenario->radio.transmit_na),
        "While sending. The defaults are of a Nordic nRF52840 at 0 dBm, 3 V, DC/DC (product specification)."},
    {"radio", "receive", kCurrent, 0, 10'000'000'000, {}, "\"4.6mA\"", NUMBER(std::uint64_t, scenario->radio.receive_na),
        "While on and not sending: receiving or listening."},
    {"radio", "sleep", kCurrent, 0, 10'000'000'000, {}, "\"1.5uA\"", NUMBER(std::uint64_t, scenario->radio.sleep_na),
        "The rest of the time."},
    {"radio", "voltage", kVoltage, 1, 100'000, {}, "\"3V\"", NUMBER(std::uint32_t, scenario->radio.voltage_mv), "Of the supply."},

    {"sweep", "parameter", KeyKind::sweep, 0, 0, {}, kRequired, nullptr,
        "\"SECTION.KEY\" of a key of this file; `device.KEY` means every `[[device]]`. An array: all of them get the same value."},
    {"sweep", "values", KeyKind::sweep, 0, 0, {}, kRequired, nullptr, "An array of its values, as that key takes them; at most 200."},
    {"sweep", "label", KeyKind::sweep, 0, 40, {}, "(the last part of the parameter)", nullptr, "What tables and charts call it."},
    {"sweep.series", "parameter", KeyKind::sweep, 0, 0, {}, kRequired, nullptr, "As in `[sweep]`."},
    {"sweep.series", "values", KeyKind::sweep, 0, 0, {}, kRequired, nullptr, "As in `[sweep]`; at most 8."},
    {"sweep.series", "label", KeyKind::sweep, 0, 40, {}, "(the last part of the parameter)", nullptr, "As in `[sweep]`."},
};
// clang-format on

#undef SET
#undef NUMBER
#undef BOOLEAN
#undef TIME
#undef TIME_MS
#undef TIME_S

void add_link_keys(std::string_view section, std::vector<KeyRow>& rows) {
    for (const LinkKey& key : link_keys()) {
        rows.push_back(
            {section, key.name, KeyKind::link, 0, 0, {}, "(as in the preset)", nullptr, key.help, 1, &key});
    }
}

std::vector<KeyRow> all_rows() {
    std::vector<KeyRow> rows;
    std::vector<KeyRow> link_rows;
    for (const KeyRow& row : kKeys) {
        if (row.section != "link") {
            rows.push_back(row);
            continue;
        }
        link_rows.push_back(row);
        if (row.key == "preset") {
            link_rows.back().words = preset_words();
        }
    }
    for (const std::string_view section : {"link", "device.link"}) {
        for (KeyRow row : link_rows) {
            row.section = section;
            rows.push_back(row);
        }
        add_link_keys(section, rows);
    }
    for (const std::string_view section : {"link.up", "link.down", "device.link.up", "device.link.down"}) {
        add_link_keys(section, rows);
    }
    return rows;
}

}  // namespace

std::span<const SectionRow> scenario_sections() {
    return kSections;
}

std::span<const KeyRow> scenario_keys() {
    static const std::vector<KeyRow> rows = all_rows();
    return rows;
}

const SectionRow* find_section(std::string_view path) {
    const auto* found = std::find_if(std::begin(kSections), std::end(kSections),
                                     [&](const SectionRow& row) { return row.path == path; });
    return found == std::end(kSections) ? nullptr : found;
}

const KeyRow* find_key(std::string_view section, std::string_view key) {
    for (const KeyRow& row : scenario_keys()) {
        if (row.section == section && row.key == key) {
            return &row;
        }
    }
    return nullptr;
}

bool may_be_swept(const KeyRow& row) {
    return row.kind != KeyKind::text && row.kind != KeyKind::sweep && row.key != "seed" && row.key != "seeds";
}

}  // namespace mqttsn::lossy
