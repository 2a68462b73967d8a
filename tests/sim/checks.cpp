// SPDX-License-Identifier: BSD-3-Clause
//
// Length: one function a promise; they share what a device is seen to do, and are read beside each other.
#include "sim/checks.hpp"

#include <algorithm>

#include "sim/own_client.hpp"

namespace mqttsn::sim {

namespace {

/// What a gateway sends on its own; everything else is an answer.
bool is_gateways_own(WireType type) {
    return type == WireType::publish || type == WireType::register_topic || type == WireType::pubrel ||
           type == WireType::pingreq;
}

std::string seconds(Micros time) {
    return std::to_string(time.count() / 1'000'000) + "." +
           std::to_string(time.count() / 1000 % 1000 + 1000).substr(1) + " s";
}

}  // namespace

void Checks::fail(Micros now, const std::string& what) {
    throw CheckFailed(what + " (at " + seconds(now) + ")");
}

std::string Checks::name_of(std::uint32_t number) const {
    const MessageRecord& record = ledger_.at(number);
    return "message " + std::to_string(number) + " (QoS " + std::to_string(record.qos) +
           (record.way == Way::up ? " of " : " for ") + devices_[record.device].settings.client_id +
           ", sent at " + seconds(record.sent_at) + ")";
}

void Checks::add_device(const DeviceSettings& settings, bool shared) {
    by_client_id_[settings.client_id] = static_cast<std::uint32_t>(devices_.size());
    devices_.emplace_back().settings = settings;
    devices_.back().shared = shared;
}

// ---------------------------------------------------------------- on the wire

void Checks::to_gateway(std::uint32_t device, const WireMessage& message) {
    DeviceView& view = devices_[device];
    view.asks_now = message.type == WireType::disconnect && message.has_more;
    switch (message.type) {
        case WireType::connect:
            view.rest = Rest::none;
            view.to_device.clear();  // exchanges begin anew; what QoS 2 needs is in `held`
            if (message.clean) {
                view.held.clear();
            }
            shared_connect(device, message.clean);
            break;
        case WireType::pingreq:
            if (view.rest == Rest::asleep) {  // D14: also without its id, from where it is known
                view.rest = Rest::awake;
            }
            break;
        case WireType::disconnect:
            view.rest = message.has_more ? Rest::asked : Rest::none;
            break;
        case WireType::pubcomp:
            view.held.erase(message.message_id);
            [[fallthrough]];
        case WireType::puback:
            view.to_device.erase(message.message_id);
            break;
        default:
            break;
    }
}

void Checks::publish_to_device(Micros now, DeviceView& view, const WireMessage& message) {
    const std::string& who = view.settings.client_id;
    if (message.qos < 0) {
        fail(now, "the gateway sent QoS -1 to " + who);
    }
    if (message.qos == 0) {
        const std::uint32_t number = ledger_.number_in(message.rest);
        if (number != Ledger::kUnknown && ledger_.at(number).transmissions > 0) {
            fail(now, "QoS 0 message " + std::to_string(number) + " was sent twice to " + who);
        }
        return;
    }
    if (message.message_id == 0) {
        fail(now, "the gateway sent MsgId 0 at QoS " + std::to_string(message.qos) + " to " + who);
    }
    const std::string payload{message.rest};
    const auto [entry, fresh] = view.to_device.try_emplace(message.message_id, payload);
    if (!fresh && entry->second != payload) {
        fail(now, "MsgId " + std::to_string(message.message_id) + " to " + who +
                      " is in flight for another message");
    }
    if (!fresh && !message.dup) {
        fail(now, "a repetition to " + who + " is not marked DUP: " + to_text(message));
    }
    if (message.qos == 2) {
        const std::uint32_t number = ledger_.number_in(message.rest);
        const DeviceView::Held mine{number, true};
        const auto [held, first] = view.held.try_emplace(message.message_id, mine);
        if (first || held->second.number == number) {
            return;
        }
        if (!held->second.gateway_knows && number != Ledger::kUnknown &&
            held->second.number != Ledger::kUnknown && queued_in(held->second.number) != queued_in(number)) {
            // The broker has forgotten the session in which the device got this id, and the gateway that knew
            // was killed, or has ended that clean session (and the device comes back as if it had not):
            // nobody is left to tell the device that the id is free. "No data lost" ends at the broker.
            ledger_.at(number).excuses |= kMayBeLost;
        }
        held->second = mine;
    }
}

void Checks::from_gateway(Micros now, std::uint32_t device, const WireMessage& message, bool answering) {
    DeviceView& view = devices_[device];
    const std::string who = view.settings.client_id;
    if (!message.valid) {
        fail(now, "the gateway sent a malformed datagram to " + who);
    }
    if (view.rest == Rest::asleep && is_gateways_own(message.type) &&
        !(answering && message.type == WireType::pubrel)) {
        fail(now, who + " sleeps and was sent " + to_text(message));
    }
    if (is_gateways_own(message.type)) {
        view.gateway_sends.sent(message);
    }
    switch (message.type) {
        case WireType::disconnect:
            // A DISCONNECT that answers something else means "I do not know you". A device that has just
            // asked to sleep cannot tell the two apart (both are two octets); then nobody sleeps in the
            // gateway's eyes, and there is nothing to check.
            view.rest = view.rest == Rest::asked && answering && view.asks_now ? Rest::asleep : Rest::none;
            break;
        case WireType::pingresp:
            view.rest = view.rest == Rest::awake ? Rest::asleep : view.rest;
            break;
        case WireType::publish:
            publish_to_device(now, view, message);
            break;
        case WireType::suback:
            view.shared_subscribed = view.shared_subscribed || message.code == 0;
            break;
        default:
            break;
    }
}

void Checks::gateway_restarted() {
    unanswered_.clear();
    for (std::uint32_t device = 0; device < devices_.size(); ++device) {
        DeviceView& view = devices_[device];
        if (view.shared) {
            shared_forgotten(device);
            shared_repeats(device);
        }
        view.rest = Rest::none;
        view.gateway_sends = {};
        view.to_device.clear();
        for (auto& [id, held] : view.held) {
            held.gateway_knows = false;
        }
    }
}

void Checks::from_device(Micros now, std::uint32_t device, const WireMessage& message) {
    DeviceView& view = devices_[device];
    if (!message.valid) {
        fail(now, view.settings.client_id + " sent a malformed datagram");
    }
    const bool request = message.type == WireType::register_topic || message.type == WireType::publish ||
                         message.type == WireType::subscribe || message.type == WireType::unsubscribe ||
                         exchange_of(message.type) == kControl;
    const bool answer_to_pubrec =
        message.type == WireType::pubrel && view.from_device.count(message.message_id) == 0;
    if ((request && message.qos >= 0) || (message.type == WireType::pubrel && !answer_to_pubrec)) {
        view.device_sends[exchange_of(message.type)].sent(message);
    }
    if (message.type == WireType::connect && message.clean) {
        forgets_what_it_has(device);  // a copy of the old session may come in the new one
    }
    if (message.type != WireType::publish) {
        return;
    }
    const std::uint32_t number = ledger_.number_in(message.rest);
    if (number == Ledger::kUnknown) {
        fail(now, view.settings.client_id + " sent a payload that nobody gave it");
    }
    MessageRecord& record = ledger_.at(number);
    ++record.transmissions;
    if (record.qos <= 0 && record.transmissions > 1) {
        fail(now, name_of(number) + " was transmitted twice");
    }
    if (message.qos > 0) {
        const auto [entry, fresh] = view.from_device.try_emplace(message.message_id, number);
        if (!fresh && entry->second != number) {
            fail(now, "MsgId " + std::to_string(message.message_id) + " of " + view.settings.client_id +
                          " is in flight for another message");
        }
        if (message.dup != (record.transmissions > 1)) {
            fail(now,
                 name_of(number) + ": DUP is wrong in transmission " + std::to_string(record.transmissions));
        }
    }
}

// ---------------------------------------------------------------- repetitions

void Checks::Repetitions::sent(const WireMessage& message) {
    const std::uint32_t now_sent = static_cast<std::uint32_t>(message.type) << 16U | message.message_id;
    count = now_sent == what ? count + 1 : 1;
    what = now_sent;
}

Checks::Exchange Checks::exchange_of(WireType type) {
    switch (type) {
        case WireType::register_topic:
        case WireType::publish:
        case WireType::pubrel:
        case WireType::regack:
        case WireType::puback:
        case WireType::pubrec:
        case WireType::pubcomp:
            return kUplink;
        case WireType::subscribe:
        case WireType::unsubscribe:
        case WireType::suback:
        case WireType::unsuback:
            return kSubscription;
        default:
            return kControl;
    }
}

void Checks::input(std::uint32_t device, const WireMessage& message) {
    switch (message.type) {
        case WireType::publish:
        case WireType::register_topic:
        case WireType::pubrel:
        case WireType::pingreq:
            return;  // the gateway's own, no answers
        default:
            break;
    }
    Repetitions& sends = devices_[device].device_sends[exchange_of(message.type)];
    const auto last = static_cast<WireType>(sends.what >> 16U);
    if (message.type == WireType::disconnect &&
        (last == WireType::will_topic || last == WireType::will_msg)) {
        // The gateway does not know the handshake: it begins again with CONNECT, under the same count.
        sends.what = static_cast<std::uint32_t>(WireType::connect) << 16U;
    } else if ((sends.what & 0xFFFFU) == message.message_id) {
        sends.count = 0;
    }
}

void Checks::state_changed(Micros now, std::uint32_t device, const mqttsn_event& event) {
    DeviceView& view = devices_[device];
    if (event.type == MQTTSN_EVENT_LOST) {
        const Exchange exchange = event.code == MQTTSN_LOST_PUBLISH     ? kUplink
                                  : event.code == MQTTSN_LOST_SUBSCRIBE ? kSubscription
                                                                        : kControl;
        const std::uint32_t wanted = view.settings.retry_count + 1U;
        const std::uint32_t sent = view.device_sends[exchange].count;
        if (view.power_lost ? sent > wanted : sent != wanted) {
            fail(now, view.settings.client_id + " gave up after " + std::to_string(sent) +
                          " transmissions in place of " + std::to_string(wanted));
        }
    }
    view.device_sends = {};
    view.power_lost = false;
}

void Checks::session_changed(Micros now, std::string_view client_id, bool lost, std::string_view cause) {
    const auto found = by_client_id_.find(client_id);
    if (found == by_client_id_.end()) {
        return;
    }
    if (!lost || cause.find("N_retry") == std::string_view::npos) {
        devices_[found->second].gateway_sends = {};  // exchanges begin anew
        return;
    }
    // A device that asks again hears the message again (D18), so there may be more.
    const std::uint32_t sent = devices_[found->second].gateway_sends.count;
    if (sent < gateway_retry_.count_max + 1U) {
        fail(now, "the gateway gave " + std::string(client_id) + " up after " + std::to_string(sent) +
                      " transmissions in place of " + std::to_string(gateway_retry_.count_max + 1U));
    }
}

// ---------------------------------------------------------------- arrivals

void Checks::arrived(Micros now, std::uint32_t number) {
    ledger_.arrived(number, now);
    const MessageRecord& record = ledger_.at(number);
    if (record.arrivals > 1) {
        if (record.qos == 2 && (record.excuses & kMayBeRepeated) == 0) {
            fail(now, name_of(number) + " came " + std::to_string(record.arrivals) + " times");
        }
        if (record.qos <= 0 && record.arrivals > record.copies) {
            fail(now, name_of(number) + " came more often than the link delivered it");
        }
        return;
    }
    if (record.qos <= 0) {
        return;
    }
    std::uint32_t& last = devices_[record.device].last_first[{record.way, record.topic}];
    if (number < last && (record.excuses & kMayBeDisordered) == 0) {
        fail(now, name_of(number) + " came after message " + std::to_string(last) + " of the same topic");
    }
    last = std::max(last, number);
}

void Checks::message_came(Micros now, std::uint32_t device, std::string_view topic, bool by_name,
                          std::uint16_t topic_id, std::string_view payload) {
    const DeviceSettings& settings = devices_[device].settings;
    const std::uint32_t number = ledger_.number_in(payload);
    if (number == Ledger::kUnknown) {
        fail(now, settings.client_id + " got a payload that nobody sent");
    }
    const MessageRecord& record = ledger_.at(number);
    if (record.way != Way::down || record.device != device) {
        fail(now, settings.client_id + " got " + name_of(number));
    }
    const std::string wanted = Device::topic_text(settings, device, Way::down, record.topic, false);
    const std::uint16_t wanted_id = settings.topic == TopicKind::two_octets
                                        ? static_cast<std::uint16_t>(wanted[0] << 8 | wanted[1])
                                        : Device::topic_id(Way::down, record.topic, false);
    if (by_name ? topic != wanted : topic_id != wanted_id) {
        fail(now, name_of(number) + " came under another topic");
    }
    arrived(now, number);
}

void Checks::published(Micros now, std::string_view client_id, std::string_view topic,
                       std::string_view payload) {
    const std::uint32_t number = ledger_.number_in(payload);
    if (number == Ledger::kUnknown) {
        fail(now, "the broker got a payload that nobody sent, from " + std::string(client_id));
    }
    const MessageRecord& record = ledger_.at(number);
    if (record.way != Way::up) {
        return;  // an application's own
    }
    const DeviceSettings& settings = devices_[record.device].settings;
    const bool by_own = devices_[record.device].shared || client_id == OwnClient::kClientId;
    if (by_own ? client_id != OwnClient::kClientId
               : client_id != (record.qos < 0 ? "" : settings.client_id)) {
        fail(now, name_of(number) + " came from \"" + std::string(client_id) + "\"");
    }
    if (topic != Device::topic_text(settings, record.device, Way::up, record.topic, record.qos < 0)) {
        fail(now, name_of(number) + " came under the topic " + std::string(topic));
    }
    arrived(now, number);
}

void Checks::delivered(Micros now, std::uint32_t device, std::uint32_t number, int code) {
    MessageRecord& record = ledger_.at(number);
    record.result = code;
    record.done_at = now;
    std::erase_if(devices_[device].from_device, [&](const auto& entry) { return entry.second == number; });
    if (code == MQTTSN_ERR_DISCARDED) {
        // The device asked for a clean session with the message on its way: nobody repeats it, a late copy
        // may come.
        record.excuses |= kMayBeLost | kMayBeDisordered;
    } else if (code != MQTTSN_ACCEPTED) {
        fail(now, name_of(number) + " was refused with code " + std::to_string(code));
    } else if (witness_ == Witness::at_once && record.qos > 0 && record.arrivals == 0 &&
               (record.excuses & kMayBeLost) == 0) {
        fail(now, name_of(number) + " was acknowledged and the broker has never published it");
    }
}

void Checks::acknowledged(Micros now, std::uint32_t number, std::uint64_t counted_drops) {
    if (devices_[ledger_.at(number).device].shared) {
        return;  // says nothing about the device
    }
    if (acknowledged_.size() <= number) {
        acknowledged_.resize(number + 1);
    }
    // The broker may use its id for another message from now on.
    const std::string payload_head = Ledger::payload(number, Ledger::kPayloadOctetsMin);
    std::erase_if(devices_[ledger_.at(number).device].to_device, [&](const auto& entry) {
        return entry.second.compare(0, payload_head.size(), payload_head) == 0;
    });
    acknowledged_[number] = true;
    MessageRecord& record = ledger_.at(number);
    if (record.arrivals > 0) {
        return;
    }
    // Allowed only for what the gateway has dropped for good, and said so.
    const bool excused = (record.excuses & kMayBeLost) != 0;
    acknowledged_unseen_ += excused ? 0 : 1;
    record.excuses |= kMayBeLost;
    if (!excused && acknowledged_unseen_ > counted_drops) {
        fail(now, "the broker was told that " + name_of(number) + " has arrived, and it has not");
    }
}

// ---------------------------------------------------------------- connections to the broker

void Checks::packet_to_broker(Micros now, gateway::LinkId link, const gateway::mqtt::Packet& packet,
                              std::size_t uplink_window) {
    if (packet.type != gateway::mqtt::PacketType::publish || packet.qos == 0) {
        return;
    }
    std::set<std::uint16_t>& waiting = unanswered_[link];
    waiting.insert(packet.packet_id);
    if (waiting.size() > uplink_window) {
        fail(now, std::to_string(waiting.size()) +
                      " messages of one device wait for the broker, limits.uplink_window is " +
                      std::to_string(uplink_window));
    }
}

void Checks::packet_from_broker(gateway::LinkId link, const gateway::mqtt::Packet& packet) {
    if (packet.type == gateway::mqtt::PacketType::puback ||
        packet.type == gateway::mqtt::PacketType::pubrec) {
        unanswered_[link].erase(packet.packet_id);
    }
}

// ---------------------------------------------------------------- excuses

void Checks::queued(std::uint32_t number, unsigned qos) {
    MessageRecord& record = ledger_.at(number);
    record.owed = true;
    record.qos = static_cast<std::int8_t>(qos);
    if (queued_in_.size() <= number) {
        queued_in_.resize(number + 1);
    }
    queued_in_[number] = devices_[record.device].broker_session;
}

std::uint32_t Checks::queued_in(std::uint32_t number) const {
    return number < queued_in_.size() ? queued_in_[number] : 0;
}

void Checks::dropped(std::uint32_t number) {
    ledger_.at(number).excuses |= kMayBeLost | kMayBeDisordered;
}

void Checks::forgotten(std::uint32_t number) {
    // The device had it in RAM only. The gateway may have it, or a copy may still be on its way.
    ledger_.at(number).excuses |= kMayBeLost | kMayBeDisordered;
}

/// Messages that came and are not acknowledged yet may come again.
void Checks::forgets_what_it_has(std::uint32_t device) {
    for (std::uint32_t number = 0; number < ledger_.messages().size(); ++number) {
        MessageRecord& record = ledger_.at(number);
        if (record.device == device && record.way == Way::down && record.arrivals > 0 &&
            (number >= acknowledged_.size() || !acknowledged_[number])) {
            record.excuses |= kMayBeRepeated;  // it has forgotten that it has it
        }
    }
}

void Checks::device_lost_memory(std::uint32_t device) {
    DeviceView& view = devices_[device];
    view.lost_memory = true;
    view.held.clear();
    view.device_sends = {};
    view.from_device.clear();
    forgets_what_it_has(device);
}

void Checks::session_ended(std::string_view client_id) {
    const auto found = by_client_id_.find(client_id);
    if (found != by_client_id_.end() && devices_[found->second].settings.clean_session) {
        for (auto& [id, held] : devices_[found->second].held) {
            held.gateway_knows = false;
        }
    }
}

bool Checks::id_of_an_earlier_life(std::string_view client_id) {
    const auto found = by_client_id_.find(client_id);
    if (found == by_client_id_.end() || !devices_[found->second].lost_memory) {
        return false;
    }
    // It cannot know that the broker still waits for PUBREL under this id: one of 65535, but then the new
    // message is taken for the old one. A device that begins with a clean session is safe.
    for (std::uint32_t number = 0; number < ledger_.messages().size(); ++number) {
        MessageRecord& record = ledger_.at(number);
        if (record.device == found->second && record.way == Way::up && record.done_at.count() < 0) {
            record.excuses |= kMayBeLost | kMayBeDisordered;
        }
    }
    return true;
}

void Checks::broker_lost_memory() {
    for (std::uint32_t number = 0; number < ledger_.messages().size(); ++number) {
        MessageRecord& record = ledger_.at(number);
        if (record.way == Way::up && record.qos == 2 && record.done_at.count() < 0) {
            // PUBREC was given, PUBREL releases nothing any more: "no data lost" ends at the broker.
            record.excuses |= kMayBeLost;
        }
    }
}

void Checks::session_begins(std::string_view client_id) {
    if (const auto found = by_client_id_.find(client_id); found != by_client_id_.end()) {
        devices_[found->second].to_device.clear();
        ++devices_[found->second].broker_session;
    }
}

// ---------------------------------------------------------------- the end

void Checks::check_one(const MessageRecord& record, std::uint32_t number) const {
    if (record.qos <= 0) {
        if (record.arrivals > record.copies) {
            throw CheckFailed(name_of(number) + " came more often than the link delivered it");
        }
        return;
    }
    if (!record.owed) {
        return;
    }
    if (record.arrivals == 0 && (record.excuses & kMayBeLost) == 0 &&
        !(devices_[record.device].shared && record.way == Way::down)) {  // counted by check_delivered()
        throw CheckFailed(name_of(number) + " was lost");
    }
    if (record.way == Way::up && record.done_at.count() < 0 && (record.excuses & kMayBeLost) == 0) {
        throw CheckFailed(name_of(number) + " arrived, and its sender was never told");
    }
}

void Checks::check_delivered() const {
    for (std::uint32_t device = 0; device < devices_.size(); ++device) {
        if (devices_[device].shared && shared_missing(device) > devices_[device].shared_drops) {
            throw CheckFailed(std::to_string(shared_missing(device)) + " messages for " +
                              devices_[device].settings.client_id +
                              " were lost in its shared session, and the gateway has named " +
                              std::to_string(devices_[device].shared_drops) + ": " +
                              shared_missing_names(device));
        }
    }
    for (std::uint32_t number = 0; number < ledger_.messages().size(); ++number) {
        check_one(ledger_.at(number), number);
    }
}

std::size_t Checks::missing() const {
    std::size_t sum = 0;
    for (const MessageRecord& record : ledger_.messages()) {
        const bool for_shared = record.way == Way::down && devices_[record.device].shared;
        sum += !for_shared && record.qos > 0 && record.owed && record.arrivals == 0 &&
                       (record.excuses & kMayBeLost) == 0
                   ? 1
                   : 0;
    }
    for (std::uint32_t device = 0; device < devices_.size(); ++device) {
        const std::size_t missing = devices_[device].shared ? shared_missing(device) : 0;
        sum += missing - std::min<std::size_t>(missing, devices_[device].shared_drops);
    }
    return sum;
}

}  // namespace mqttsn::sim
