// SPDX-License-Identifier: BSD-3-Clause
//
// The beginning of a DeviceProgram: configuration, session of an earlier run, socket, first request.
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "device_program.hpp"

namespace mqttsn::tools {

namespace {

constexpr std::size_t kTopicMemoryOctets = 32768;
constexpr std::uint32_t kSearchMs = 15000;
constexpr std::size_t kGateways = 8;

}  // namespace

std::uint32_t milliseconds(double seconds) {
    return static_cast<std::uint32_t>(std::clamp(seconds * 1000.0, 1.0, static_cast<double>(INT32_MAX / 2)));
}

DeviceProgram::DeviceProgram(const char* name, const Options& options, std::size_t queue_length)
    : name_(name),
      options_(options),
      queue_(std::min<std::size_t>(queue_length, 254)),
      topics_(kTopicMemoryOctets),
      buffer_(65536) {
    udp_.fd = -1;
    udp_.group_fd = -1;
    if (!options.state_file.empty()) {
        state_.emplace(options.state_file);
    }
}

DeviceProgram::~DeviceProgram() {
    mqttsn_udp_close(&udp_);
}

void DeviceProgram::configure() {
    mqttsn_config_defaults(&config_, options_.client_id.c_str());
    config_.queue = queue_.data();
    config_.queue_length = static_cast<std::uint8_t>(queue_.size());
    config_.topic_memory = topics_.data();
    config_.topic_memory_octets = static_cast<std::uint16_t>(topics_.size());
    config_.inbound = inbound_.data();
    config_.inbound_length = static_cast<std::uint8_t>(inbound_.size());
    config_.retry_interval_ms = milliseconds(options_.retry_s);
    config_.retry_count = static_cast<std::uint8_t>(options_.retry_count);
    config_.congestion_wait_ms = milliseconds(options_.congestion_wait_s);
    config_.keep_alive_s = options_.keep_alive_s;
    config_.datagram_octets_max = kDatagramOctetsMax;
    config_.seed = mqttsn_udp_seed();
    if (options_.discover) {
        gateways_.resize(kGateways);
        config_.gateways = gateways_.data();
        config_.gateways_length = static_cast<std::uint8_t>(gateways_.size());
        config_.search_radius = static_cast<std::uint8_t>(options_.radius);
        config_.search_delay_ms = 500;  // a person waits
    }
    if (!options_.will_topic.empty()) {
        will_.topic = options_.will_topic.c_str();
        will_.payload = options_.will_payload.data();
        will_.payload_octets = static_cast<std::uint16_t>(options_.will_payload.size());
        will_.qos = static_cast<std::uint8_t>(options_.will_qos);
        will_.retain = options_.will_retain;
        config_.will = &will_;
    }
}

bool DeviceProgram::open() {
    configure();
    if (state_) {
        const std::string wrong = state_->load(blob_);
        if (!wrong.empty()) {
            fail(wrong);
            return false;
        }
    }
    return (options_.discover ? open_group() : resolve() && open_socket()) && start();
}

bool DeviceProgram::open_group() {
    if (mqttsn_udp_open_group(&udp_, options_.group.c_str(), options_.interface.c_str(), options_.radius,
                              buffer_.data(), buffer_.size()) != MQTTSN_OK) {
        fail("cannot search by " + options_.group +
             (options_.interface.empty() ? "" : ", --interface " + options_.interface) + ": " +
             std::strerror(errno));
        return false;
    }
    watch_datagrams();
    // A gateway of the run before may be gone: it is tried first.
    const double known_s = blob_.empty() ? 0 : options_.retry_s * 1.25 * (options_.retry_count + 1);
    search_by_ = mqttsn_udp_now() + (options_.timeout_s > 0 ? milliseconds(options_.timeout_s)
                                                            : kSearchMs + milliseconds(known_s));
    return true;
}

void DeviceProgram::watch_datagrams() {
    if (options_.debug || state_) {
        udp_.trace = on_datagram;
        udp_.trace_context = this;
    }
}

void DeviceProgram::give_up_search() {
    search_by_.reset();
    fail("no gateway answers at " + options_.group +
         (udp_.send_error != 0 ? std::string(" (") + std::strerror(udp_.send_error) + ")" : "") +
         ": is one running in this network, connected to its broker, with this group in [discovery]?");
}

/// A host name may have several addresses, and on UDP only a refusal tells that nobody listens at one of
/// them.
bool DeviceProgram::resolve() {
    addrinfo hints = {};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_DGRAM;
    addrinfo* list = nullptr;
    if (getaddrinfo(options_.host.c_str(), options_.port.c_str(), &hints, &list) != 0) {
        fail("cannot resolve " + gateway_text() + ": check -h and -p");
        return false;
    }
    for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
        char text[NI_MAXHOST];
        if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) ==
            0) {
            addresses_.emplace_back(text);
        }
    }
    freeaddrinfo(list);
    return true;
}

/// From address_ on, the first one that has a route.
bool DeviceProgram::open_socket() {
    for (; address_ < addresses_.size(); ++address_) {
        mqttsn_udp_close(&udp_);
        if (mqttsn_udp_open(&udp_, addresses_[address_].c_str(), options_.port.c_str(), buffer_.data(),
                            buffer_.size()) == MQTTSN_OK) {
            refused_count_ = 0;
            watch_datagrams();
            return true;
        }
    }
    fail("no way to " + gateway_text() + ": " + std::strerror(errno));
    return false;
}

bool DeviceProgram::start() {
    mqttsn_status status = MQTTSN_OK;
    if (blob_.empty()) {
        status = mqttsn_init(&client_, &config_);
    } else {
        status = mqttsn_restore(&client_, &config_, mqttsn_udp_now(), blob_.data(), blob_.size());
        if (status == MQTTSN_ERR_BLOB) {
            // Perhaps of another device, with messages that are not ours to drop.
            const std::string path = state_->path();
            state_.reset();
            fail("the session in " + path +
                 " cannot go on: damaged, of another client id or of other options; remove the file to begin "
                 "anew");
            return false;
        }
    }
    if (status != MQTTSN_OK) {
        fail("the client library refuses the options");
        return false;
    }
    return begin();
}

/// Sends the first request: to connect, or to be found by a gateway that needs no connection.
bool DeviceProgram::begin() {
    mqttsn_status status = MQTTSN_OK;
    if (!wants_connection()) {
        status = options_.discover ? mqttsn_search(&client_) : MQTTSN_OK;
    } else if (mqttsn_get_state(&client_) == MQTTSN_STATE_ASLEEP && options_.sleep_s > 0) {
        search_by_.reset();
        status = mqttsn_wake(&client_);
    } else if (mqttsn_get_state(&client_) != MQTTSN_STATE_CONNECTING) {
        status = mqttsn_connect(&client_, !options_.keep_session);
    }
    if (status != MQTTSN_OK) {
        fail(std::string("cannot connect: ") + mqttsn_status_name(status) + ": check -i and the will");
        return false;
    }
    return true;
}

}  // namespace mqttsn::tools
