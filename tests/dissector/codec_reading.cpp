// SPDX-License-Identifier: BSD-3-Clause
//
// What the codec reads in each file of a fuzz corpus, for comparison with what the plugin shows:
// codec_reading CORPUS CAPTURE. Every file becomes two datagrams of the capture, as if a device and as if a
// gateway had sent it, each in a conversation of its own so that one says nothing about the next. Standard
// output has a line for each of them, "NUMBER accepted FIELD=VALUE ..." or "NUMBER rejected REASON", fields
// as tshark prints them.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "gateway/core/endpoint.hpp"
#include "lossy/pcap_writer.hpp"
#include "mqttsn/codec.hpp"
#include "mqttsn/topic.hpp"

namespace {

using mqttsn::Bytes;
using mqttsn::Message;
using mqttsn::MessageType;
using mqttsn::Sender;
using mqttsn::TopicIdType;
using mqttsn::gateway::Endpoint;
using mqttsn::lossy::Micros;

constexpr Micros kStart{1'767'225'600'000'000};
constexpr std::uint8_t kConnect[] = {7, 4, 4, 1, 0, 60, 'd'};
constexpr std::uint8_t kConnack[] = {3, 5, 0};

/// "FIELD=VALUE " pieces as tshark prints them.
class Reading {
  public:
    void number(const char* field, unsigned value) { add(field, std::to_string(value)); }
    void hex(const char* field, unsigned value) {
        char text[8];
        std::snprintf(text, sizeof text, "0x%02x", value);
        add(field, text);
    }
    void octets(const char* field, Bytes bytes) {
        std::string text;
        for (const std::uint8_t octet : bytes) {
            char digits[4];
            std::snprintf(digits, sizeof digits, "%02x", octet);
            text += digits;
        }
        if (!text.empty()) {
            add(field, text);
        }
    }
    /// Left out unless it is plain: how tshark escapes the rest is its own affair.
    void text(const char* field, Bytes bytes) {
        const auto plain = [](std::uint8_t c) {
            return c > ' ' && c < 0x7F && c != '\\' && c != ',' && c != '"';
        };
        if (!bytes.empty() && std::all_of(bytes.begin(), bytes.end(), plain)) {
            add(field, std::string(bytes.begin(), bytes.end()));
        }
    }
    const std::string& words() const { return words_; }

  private:
    void add(const char* field, const std::string& value) {
        words_ += std::string(" ") + field + "=" + value;
    }
    std::string words_;
};

bool has_topic_id_type(MessageType type) {
    return type == MessageType::publish || type == MessageType::subscribe || type == MessageType::unsubscribe;
}

/// Only the bits that mean something in the message (SN12-14 to SN12-19).
void read_flags(const Message& message, Reading& out) {
    const MessageType type = message.type;
    const mqttsn::Flags flags = message.flags;
    if (type == MessageType::connect) {
        out.number("will", flags.will() ? 1 : 0);
        out.number("clean_session", flags.clean_session() ? 1 : 0);
        return;
    }
    if (type == MessageType::publish || type == MessageType::subscribe) {
        out.number("dup", flags.dup() ? 1 : 0);
    }
    if (type != MessageType::unsubscribe) {
        out.number("qos", (flags.bits & MQTTSN_FLAG_QOS) >> 5U);
    }
    if (type == MessageType::publish || type == MessageType::will_topic ||
        type == MessageType::will_topic_upd) {
        out.number("retain", flags.retain() ? 1 : 0);
    }
    if (has_topic_id_type(type)) {
        out.number("topic_id_type", flags.bits & MQTTSN_FLAG_TOPIC_ID_TYPE);
    }
}

void read_topic_id(const Message& message, Reading& out) {
    const TopicIdType form =
        has_topic_id_type(message.type) ? message.flags.topic_id_type() : TopicIdType::normal;
    if (form == TopicIdType::short_name) {
        const mqttsn::ShortName name = mqttsn::short_name_of(message.topic_id);
        out.text("short_name", name.bytes());
    } else if (form != TopicIdType::reserved && message.flags.qos() != mqttsn::kQosMinusOne) {
        out.number("topic_id", message.topic_id);  // QoS -1 may have a length there (D47)
    }
}

void read_duration(const Message& message, Reading& out) {
    if (message.type == MessageType::advertise) {
        out.number("advertise_interval", message.duration);
    } else if (message.type == MessageType::connect) {
        out.number("keep_alive", message.duration);
    } else if (message.has_optional) {
        out.number("sleep_duration", message.duration);
    }
}

void read_data(const Message& message, Reading& out) {
    switch (message.type) {
        case MessageType::connect:
        case MessageType::pingreq:
            return out.text("client_id", message.data);
        case MessageType::register_topic:
            return out.text("topic", message.data);
        case MessageType::subscribe:
        case MessageType::unsubscribe:
            return out.text("topic_filter", message.data);
        case MessageType::will_topic:
        case MessageType::will_topic_upd:
            return out.text("will_topic", message.data);
        case MessageType::will_msg:
        case MessageType::will_msg_upd:
            return out.octets("will_message", message.data);
        case MessageType::publish:
            return message.flags.qos() == mqttsn::kQosMinusOne ? void() : out.octets("payload", message.data);
        case MessageType::gateway_info:
            return out.octets("gw_address", message.data);
        default:
            return;
    }
}

void read(const Message& message, Reading& out) {
    out.hex("type", static_cast<unsigned>(message.type));
    for (const char* next = mqttsn::find_message_row(static_cast<std::uint8_t>(message.type))->layout;
         *next != 0; ++next) {
        switch (*next) {
            case 'g':
                out.number("gw_id", message.gateway_id);
                break;
            case 'a':
                out.number("radius", message.radius);
                break;
            case 'p':
                out.hex("protocol_id", message.protocol_id);
                break;
            case 'r':
                out.number("return_code", static_cast<unsigned>(message.return_code));
                break;
            case 'm':
                out.number("msg_id", message.message_id);
                break;
            case 'f':
                if (next[-1] != '?' || message.has_optional) {
                    read_flags(message, out);
                }
                break;
            case 't':
                read_topic_id(message, out);
                break;
            case 's':
                message.flags.topic_id_type() == TopicIdType::normal ? read_data(message, out)
                                                                     : read_topic_id(message, out);
                break;
            case 'd':
                read_duration(message, out);
                break;
            case 'v':
                read_data(message, out);
                break;
            default:
                break;
        }
    }
}

/// A wrapper and what is in it, or a message.
std::string read_datagram(Bytes datagram, Sender sender) {
    Reading out;
    if (mqttsn::is_envelope(datagram)) {
        mqttsn::Envelope envelope;
        const mqttsn::DecodeError error = mqttsn::decode_envelope(datagram, envelope);
        if (error != mqttsn::DecodeError::none) {
            return std::string("rejected ") + mqttsn::decode_error_text(error);
        }
        out.hex("envelope.type", MQTTSN_ENVELOPE_CODE);
        out.number("envelope.radius", envelope.radius);
        out.octets("envelope.node_id", envelope.node_id);
        datagram = envelope.message;
    }
    Message message;
    const mqttsn::DecodeError error = mqttsn::decode(datagram, sender, message);
    if (error != mqttsn::DecodeError::none) {
        return std::string("rejected ") + mqttsn::decode_error_text(error);
    }
    read(message, out);
    return "accepted" + out.words();
}

Endpoint endpoint(std::uint8_t network, unsigned host, std::uint16_t port) {
    Endpoint out;
    out.address = {0,
                   0,
                   0,
                   0,
                   0,
                   0,
                   0,
                   0,
                   0,
                   0,
                   0xFF,
                   0xFF,
                   10,
                   network,
                   static_cast<std::uint8_t>(host >> 8U),
                   static_cast<std::uint8_t>(host)};
    out.port = port;
    return out;
}

}  // namespace

int main(int argc, char** argv) {
    mqttsn::lossy::PcapWriter capture;
    if (argc != 3 || !capture.open(argv[2], kStart).empty()) {
        std::fprintf(stderr, "usage: codec_reading CORPUS CAPTURE\n");
        return 2;
    }
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
        files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    unsigned number = 0;  // of the packet in the capture
    unsigned conversation = 0;
    const auto write = [&](const Endpoint& from, const Endpoint& to, Bytes octets) {
        capture.write(Micros{1000} * ++number, from, to, octets);
    };
    for (const std::filesystem::path& path : files) {
        std::ifstream file(path, std::ios::binary);
        const std::vector<char> text((std::istreambuf_iterator<char>(file)),
                                     std::istreambuf_iterator<char>());
        const std::vector<std::uint8_t> octets(text.begin(), text.end());
        const Bytes datagram{octets.data(), octets.size()};
        for (const Sender sender : {Sender::device, Sender::gateway}) {
            ++conversation;
            const Endpoint device = endpoint(1, conversation, 50000);
            const Endpoint gateway = endpoint(2, conversation, 1883);
            const bool up = sender == Sender::device;
            // Who is who is clear before: alone, a message that only a gateway sends says that its sender is
            // one.
            write(device, gateway, Bytes{kConnect, sizeof kConnect});
            write(gateway, device, Bytes{kConnack, sizeof kConnack});
            write(up ? device : gateway, up ? gateway : device, datagram);
            std::printf("%u %s\n", number, read_datagram(datagram, sender).c_str());
        }
    }
    return capture.take_problem().empty() ? 0 : 1;
}
