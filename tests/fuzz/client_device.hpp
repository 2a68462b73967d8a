// SPDX-License-Identifier: BSD-3-Clause
//
// What one life of a device owns in the fuzz target client_input: the object and every table on the heap,
// each of exactly the size that the library was told, so that one octet beyond is an error in sanitizer
// builds.
#ifndef TESTS_FUZZ_CLIENT_DEVICE_HPP
#define TESTS_FUZZ_CLIENT_DEVICE_HPP

#include <mqttsn/client.h>

#include <memory>
#include <string>
#include <vector>

#include "fuzz/script.hpp"

namespace test {

inline constexpr const char* kClientId = "dev1";
inline constexpr mqttsn_will kWills[] = {
    {"w/t", "gone", 4, 1, true}, {"w", "", 0, 0, false}, {"", nullptr, 0, 0, false}};

/// The first octets of a script choose the configuration.
inline mqttsn_config config_of(Script& script) {
    const unsigned sizes = script.octet();
    const unsigned times = script.octet();
    const unsigned rest = script.octet();
    mqttsn_config config;
    mqttsn_config_defaults(&config, kClientId);
    config.queue_length = static_cast<std::uint8_t>(1 + sizes % 4);
    config.inbound_length = static_cast<std::uint8_t>((sizes >> 2U) % 4);
    config.topic_memory_octets = static_cast<std::uint16_t>((sizes >> 4U) % 4 * 12);
    config.gateways_length = static_cast<std::uint8_t>((sizes >> 6U) % 4);
    config.keep_alive_s = static_cast<std::uint16_t>((times & 3U) * 7);
    config.retry_count = static_cast<std::uint8_t>((times >> 2U) % 4);
    config.adaptive_retry = (times & 16U) != 0;
    config.retry_interval_ms = (times & 32U) != 0 ? 1000 : 1;
    config.congestion_wait_ms = (times & 64U) != 0 ? 60000 : 3;
    config.datagram_octets_max = (times & 128U) != 0 ? 32 : 300;
    config.will = (rest & 3U) < 3 ? &kWills[rest & 3U] : nullptr;
    config.search_radius = static_cast<std::uint8_t>((rest >> 2U) % 4);
    config.seed = script.octet();
    config.first_message_id = (rest & 64U) != 0 ? 0xFFFE : 1;
    return config;
}

struct ClientDevice {
    mqttsn_config config;
    std::unique_ptr<mqttsn_client> client = std::make_unique<mqttsn_client>();
    std::vector<mqttsn_slot> queue;
    std::vector<mqttsn_inbound> inbound;
    std::vector<mqttsn_gateway> gateways;
    std::vector<std::uint8_t> topics;

    explicit ClientDevice(const mqttsn_config& like)
        : config(like),
          queue(like.queue_length),
          inbound(like.inbound_length),
          gateways(like.gateways_length),
          topics(like.topic_memory_octets) {
        config.queue = queue.data();
        config.inbound = inbound.empty() ? nullptr : inbound.data();
        config.gateways = gateways.empty() ? nullptr : gateways.data();
        config.topic_memory = topics.empty() ? nullptr : topics.data();
    }
    ClientDevice(const ClientDevice&) = delete;
    ClientDevice& operator=(const ClientDevice&) = delete;

    /// Everything the library may write to.
    std::string memory() const {
        std::string all;
        all.reserve(sizeof *client + queue.size() * sizeof queue[0] + inbound.size() * sizeof inbound[0] +
                    gateways.size() * sizeof gateways[0] + topics.size());
        const auto add = [&all](const void* at, std::size_t size) {
            if (size != 0) {
                all.append(static_cast<const char*>(at), size);
            }
        };
        add(client.get(), sizeof *client);
        add(queue.data(), queue.size() * sizeof queue[0]);
        add(inbound.data(), inbound.size() * sizeof inbound[0]);
        add(gateways.data(), gateways.size() * sizeof gateways[0]);
        add(topics.data(), topics.size());
        return all;
    }
};

}  // namespace test

#endif
