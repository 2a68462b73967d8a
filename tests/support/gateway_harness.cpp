// SPDX-License-Identifier: BSD-3-Clause
#include "support/gateway_harness.hpp"

#include <algorithm>
#include <cstdlib>

#include "mqttsn/codec.hpp"
#include "support/cmocka.hpp"

namespace test {
namespace {

using namespace mqttsn::gateway;
using mqttsn::Bytes;
using mqttsn::gateway::Output;

std::string text_of_open(const mqtt::Connect& connect) {
    std::string line = connect.clean_session ? "clean" : "keep";
    if (connect.has_will) {
        line += " will q" + std::to_string(connect.will.qos) + (connect.will.retain ? " retain " : " ") +
                str(connect.will.topic) + '=' + str(connect.will.payload);
    }
    if (connect.has_username) {
        line += " user " + str(connect.username) + ':' + (connect.has_password ? str(connect.password) : "");
    }
    return line;
}

}  // namespace

void stop(Where where, const std::string& why) {
    print_error("%s\n", why.c_str());
    _fail(where.file, where.line);
    std::abort();  // _fail() does not return
}

// Harness

namespace {

/// Tests name topic ids, so they begin at 1 unless the test says otherwise.
Settings with_topic_ids_from_1(Settings settings) {
    settings.first_topic_id = settings.first_topic_id == 0 ? 1 : settings.first_topic_id;
    return settings;
}

}  // namespace

Harness::Harness(const Settings& settings, std::uint64_t seed)
    : settings_(with_topic_ids_from_1(settings)), gateway_(settings_, seed) {}

Harness::~Harness() {
    if (!lines_.empty()) {
        stop(Where(), "left unread at the end of the test: " + lines_.front());
    }
}

Device Harness::device(const std::string& client_id, std::uint16_t listener) {
    Endpoint endpoint;
    endpoint.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 1};
    endpoint.port = next_port_++;
    endpoint.listener = listener;
    const std::string label = next_label(client_id);
    labels_[endpoint] = label;
    return Device(*this, client_id, label, endpoint);
}

std::string Harness::next_label(const std::string& client_id) {
    const int number = ++addresses_of_[client_id];
    return number == 1 ? client_id : client_id + '@' + std::to_string(number);
}

Device Harness::behind(const Device& forwarder, std::string_view node_id_hex, const std::string& client_id) {
    const Octets node_id = hex(node_id_hex);
    Octets wrapper{static_cast<std::uint8_t>(3 + node_id.size()), 0xFE, 0x00};
    wrapper.insert(wrapper.end(), node_id.begin(), node_id.end());
    const std::string label = next_label(client_id);
    node_labels_[{forwarder.endpoint(), node_id}] = label;
    return Device(*this, client_id, label, forwarder.endpoint(), wrapper);
}

Device Harness::device_at(const Device& place, const std::string& client_id) {
    return Device(*this, client_id, place.label(), place.endpoint(), place.wrapper());
}

Device Harness::connected(const std::string& client_id, bool clean, std::uint16_t keep_alive_s) {
    const Device it = device(client_id);
    it.sends(mqttsn::make_connect(Flags{}.with_clean_session(clean), keep_alive_s, view(client_id)));
    if (!auto_links) {
        it.opens(Open{clean, "", ""});
        it.accepted();
    }
    it.gets(mqttsn::make_connack(ReturnCode::accepted));
    return it;
}

void Harness::advance(Millis by, Where where) {
    settled(where);
    const Instant end = now_ + by;
    while (gateway_.next_deadline() <= end) {
        now_ = std::max(now_, gateway_.next_deadline());
        deadline(where);
        if (gateway_.next_deadline() <= now_) {
            stop(where, "after handle_deadline() the next deadline is not in the future");
        }
    }
    now_ = end;
}

void Harness::deadline(Where where) {
    gateway_.handle_deadline(now_);
    drain(where);
}

void Harness::own_link(bool up, Where where) {
    if (up) {
        link_opened(kOwnLink, false, where);
    } else {
        link_closed(kOwnLink, LinkCloseReason::closed_by_peer, where);
    }
}

void Harness::own_link_returns(bool session_present, Where where) {
    link_opened(kOwnLink, session_present, where);
}

OwnLinkPacket Harness::own(Where where) {
    while (!lines_.empty() && !own_packets_.empty() && own_packets_.front().first != lines_.front()) {
        own_packets_.pop_front();  // of lines that were taken as lines
    }
    if (lines_.empty() || own_packets_.empty()) {
        stop(where, "expected a packet of the own session, but " +
                        (lines_.empty() ? "there is nothing" : "got   " + lines_.front()));
    }
    const OwnLinkPacket packet = own_packets_.front().second;
    own_packets_.pop_front();
    lines_.pop_front();
    return packet;
}

void Harness::to_own_link(const mqtt::Packet& packet, Where where) {
    expect("broker own: " + text(packet), where);
}

void Harness::shutdown(Where where) {
    settled(where);
    gateway_.handle_shutdown(now_);
    drain(where);
}

void Harness::reload(const Settings& settings, Where where) {
    settled(where);
    gateway_.handle_reload(now_, settings);
    drain(where);
}

void Harness::expect(const std::string& line, Where where) {
    if (lines_.empty()) {
        stop(where, "expected  " + line + "\nbut there is nothing");
    }
    if (lines_.front() != line) {
        stop(where, "expected  " + line + "\nbut got   " + lines_.front());
    }
    lines_.pop_front();
}

std::string Harness::take_line(Where where) {
    if (lines_.empty()) {
        stop(where, "expected an output, but there is nothing");
    }
    std::string line = std::move(lines_.front());
    lines_.pop_front();
    return line;
}

void Harness::nothing(Where where) {
    if (!lines_.empty()) {
        stop(where, "expected nothing, but got   " + lines_.front());
    }
}

std::vector<std::string> Harness::take() {
    std::vector<std::string> all(lines_.begin(), lines_.end());
    lines_.clear();
    return all;
}

std::size_t Harness::count(EventKind kind) const {
    return static_cast<std::size_t>(
        std::count_if(events_.begin(), events_.end(), [kind](const auto& e) { return e.kind == kind; }));
}

std::string Harness::cause(EventKind kind) const {
    const auto found =
        std::find_if(events_.rbegin(), events_.rend(), [kind](const auto& e) { return e.kind == kind; });
    return found != events_.rend() ? found->cause : "(no such event)";
}

std::string Harness::place(EventKind kind) const {
    const auto found =
        std::find_if(events_.rbegin(), events_.rend(), [kind](const auto& e) { return e.kind == kind; });
    return found != events_.rend() ? found->place : "(no such event)";
}

void Harness::datagram(const Endpoint& from, Bytes octets, Where where) {
    settled(where);
    // An allocation of exactly this size, so that a sanitizer sees every read behind the end.
    const Octets exact(octets.begin(), octets.end());
    gateway_.handle_datagram(now_, from, view(exact));
    drain(where);
}

void Harness::group_datagram(std::uint8_t group, const Endpoint& from, bool own, Bytes octets, Where where) {
    settled(where);
    const Octets exact(octets.begin(), octets.end());
    gateway_.handle_group_datagram(now_, group, from, own, view(exact));
    drain(where);
}

void Harness::link_opened(LinkId link, bool session_present, Where where) {
    settled(where);
    LinkRecord* const record = find(link);
    if (record != nullptr && record->state == LinkState::opening) {
        record->state = LinkState::open;
    }
    gateway_.handle_link_opened(now_, link, session_present);
    drain(where);
}

void Harness::link_refused(LinkId link, std::uint8_t code, Where where) {
    settled(where);
    if (LinkRecord* const record = find(link)) {
        record->state = LinkState::closed;
    }
    gateway_.handle_link_refused(now_, link, code);
    drain(where);
}

void Harness::link_closed(LinkId link, LinkCloseReason reason, Where where) {
    settled(where);
    if (LinkRecord* const record = find(link)) {
        record->state = LinkState::closed;
    }
    gateway_.handle_link_closed(now_, link, reason);
    drain(where);
}

void Harness::link_congested(LinkId link, bool on, Where where) {
    settled(where);
    gateway_.handle_link_congested(now_, link, on);
    drain(where);
}

void Harness::packet(LinkId link, const mqtt::Packet& packet, Where where) {
    settled(where);
    gateway_.handle_packet(now_, link, packet);
    drain(where);
}

std::vector<Harness::LinkRecord> Harness::links() const {
    std::vector<LinkRecord> live;
    std::copy_if(links_.begin(), links_.end(), std::back_inserter(live),
                 [](const LinkRecord& record) { return record.state != LinkState::closed; });
    return live;
}

const Harness::LinkRecord* Harness::link_of(const std::string& client_id) const {
    const auto found = std::find_if(links_.rbegin(), links_.rend(),
                                    [&](const LinkRecord& record) { return record.client_id == client_id; });
    return found != links_.rend() ? &*found : nullptr;
}

std::string Harness::label_of(const Endpoint& endpoint) const {
    const auto found = labels_.find(endpoint);
    return found != labels_.end() ? found->second : to_string(endpoint);
}

void Harness::settled(Where where) {
    if (!lines_.empty()) {
        stop(where, "left unread before this step: " + lines_.front());
    }
}

void Harness::line(std::string text) {
    if (keep_lines) {
        lines_.push_back(std::move(text));
    }
}

Harness::LinkRecord* Harness::find(LinkId id) {
    const auto found = std::find_if(links_.rbegin(), links_.rend(),
                                    [&](const LinkRecord& record) { return record.id == id; });
    return found != links_.rend() ? &*found : nullptr;
}

void Harness::drain(Where where) {
    while (const Output* const output = gateway_.poll_output()) {
        check_and_note(*output, where);
        if (observer) {
            observer(*output);
        }
    }
    run_automatic(where);
}

void Harness::check_and_note(const Output& output, Where where) {
    if (const auto* const datagram = std::get_if<SendDatagram>(&output)) {
        note_datagram(*datagram, where);
    } else if (const auto* const to_group = std::get_if<SendToGroup>(&output)) {
        note_to_group(*to_group, where);
    } else if (const auto* const open = std::get_if<LinkOpen>(&output)) {
        note_open(*open, where);
    } else if (const auto* const send = std::get_if<LinkSend>(&output)) {
        note_send(*send, where);
    } else if (const auto* const close = std::get_if<LinkClose>(&output)) {
        note_close(*close, where);
    } else if (const auto* const event = std::get_if<Event>(&output)) {
        if (keep_lines) {
            events_.push_back(EventRecord{event->kind, str(event->client_id), event->cause,
                                          event->has_endpoint ? to_string(event->from, event->node_id) : ""});
        }
    }
}

void Harness::note_datagram(const SendDatagram& datagram, Where where) {
    if (datagram.to.listener >= settings_.listeners.size() ||
        datagram.octets.size > settings_.listeners[datagram.to.listener].max_datagram) {
        stop(where, "a datagram for no listener, or over max_datagram: " + to_hex(datagram.octets));
    }
    Bytes octets = datagram.octets;
    std::string label;
    if (datagram.to.node == 0) {
        label = label_of(datagram.to);
    } else {
        const std::size_t length = octets.empty() ? 0 : octets[0];
        if (length < 3 || length > octets.size || octets[1] != 0xFE || octets[2] != 0) {
            stop(where, "a datagram for a node without a sound wrapper: " + to_hex(octets));
        }
        Endpoint forwarder = datagram.to;
        forwarder.node = 0;
        const auto found = node_labels_.find({forwarder, Octets(octets.data + 3, octets.data + length)});
        label = found != node_labels_.end() ? found->second : "unknown node of " + label_of(forwarder);
        octets = Bytes{octets.data + length, octets.size - length};
    }
    Message message;
    if (mqttsn::decode(octets, mqttsn::Sender::gateway, message) != mqttsn::DecodeError::none) {
        stop(where, "the gateway sends what is no message: " + to_hex(datagram.octets));
    }
    if (keep_lines) {
        line("to " + label + ": " + mqttsn::message_name(static_cast<std::uint8_t>(message.type)) + ' ' +
             to_hex(octets));
    }
}

void Harness::note_to_group(const SendToGroup& datagram, Where where) {
    Message message;
    if (datagram.group >= settings_.discovery.groups || datagram.hop_limit > settings_.discovery.hop_limit ||
        datagram.hop_limit == 0 ||
        mqttsn::decode(datagram.octets, mqttsn::Sender::gateway, message) != mqttsn::DecodeError::none) {
        stop(where, "a datagram for no group, too far, or no message: " + to_hex(datagram.octets));
    }
    line("to group " + std::to_string(datagram.group) + " hops " + std::to_string(datagram.hop_limit) + ": " +
         mqttsn::message_name(static_cast<std::uint8_t>(message.type)) + ' ' + to_hex(datagram.octets));
}

void Harness::note_open(const LinkOpen& open, Where where) {
    const std::string client_id = str(open.connect.client_id);
    for (const LinkRecord& record : links_) {
        if (record.id.slot == open.link.slot && record.state != LinkState::closed) {
            stop(where, "a second link of " + record.client_id + " opens beside the first");
        }
        if (record.id == open.link) {
            stop(where, "a link id is used twice, for " + client_id);
        }
    }
    std::erase_if(links_, [&](const LinkRecord& r) {
        return r.state == LinkState::closed && (r.client_id == client_id || r.id.slot == open.link.slot);
    });
    links_.push_back(LinkRecord{open.link, client_id, LinkState::opening});
    if (auto_links) {
        automatic_.emplace_back(open.link, 'o');
    } else {
        line("open " + client_id + ": " + text_of_open(open.connect));
    }
}

void Harness::note_send(const LinkSend& send, Where where) {
    if (send.link == kOwnLink) {
        const mqtt::Packet& p = send.packet;
        line("broker own: " + text(p));
        if (keep_lines) {
            own_packets_.emplace_back(lines_.back(),
                                      OwnLinkPacket{p.type, p.qos, p.retain, p.packet_id, p.subscription_id,
                                                    str(p.topic), str(p.payload)});
        }
        return;
    }
    const LinkRecord* const record = find(send.link);
    if (record == nullptr || record->state != LinkState::open) {
        stop(where, "a packet for a link that is not open: " + text(send.packet));
    }
    if (auto_pings && send.packet.type == mqtt::PacketType::pingreq) {
        automatic_.emplace_back(send.link, 'p');
    } else if (keep_lines) {
        line("broker " + record->client_id + ": " + text(send.packet));
    }
}

void Harness::note_close(const LinkClose& close, Where where) {
    LinkRecord* const record = find(close.link);
    if (record == nullptr || (record->state != LinkState::open && record->state != LinkState::opening)) {
        stop(where, "a link is closed that is not open");
    }
    record->state = LinkState::closing;
    if (auto_links) {
        automatic_.emplace_back(close.link, 'c');
    } else {
        line("close " + record->client_id + (close.with_disconnect ? ": DISCONNECT" : ": abrupt"));
    }
}

void Harness::run_automatic(Where where) {
    while (!automatic_.empty()) {
        const auto [link, what] = automatic_.front();
        automatic_.pop_front();
        LinkRecord* const record = find(link);
        if (record == nullptr) {
            continue;
        }
        if (what == 'o' && record->state == LinkState::opening) {
            record->state = LinkState::open;
            gateway_.handle_link_opened(now_, link, auto_session_present);
        } else if (what == 'c' && record->state == LinkState::closing) {
            record->state = LinkState::closed;
            gateway_.handle_link_closed(now_, link, LinkCloseReason::requested);
        } else if (what == 'p' && record->state == LinkState::open) {
            gateway_.handle_packet(now_, link, pingresp());
        }
        while (const Output* const output = gateway_.poll_output()) {
            check_and_note(*output, where);
            if (observer) {
                observer(*output);
            }
        }
    }
}

}  // namespace test
