// SPDX-License-Identifier: BSD-3-Clause
//
// Datagram <-> Message and octets <-> MQTT packet.
#include <benchmark/benchmark.h>

#include <array>
#include <vector>

#include "gateway/broker/mqtt_codec.hpp"
#include "mqttsn/codec.hpp"

namespace {

using namespace mqttsn;
namespace mqtt = mqttsn::gateway::mqtt;

const std::vector<std::uint8_t> payload(32, 'x');
constexpr std::size_t kLongest = 65535;

Message connect() {
    return make_connect(Flags{}.with_clean_session(true), 60, bytes_of("sensor-000001"));
}
Message publish() {
    return make_publish(Flags{}.with_qos(1), 7, 42, Bytes{payload.data(), payload.size()});
}
Message puback() {
    return make_puback(7, 42, ReturnCode::accepted);
}

void sn_encode(benchmark::State& state, Message (*make)()) {
    std::array<std::uint8_t, 256> octets{};
    const Message message = make();
    for (auto _ : state) {
        benchmark::DoNotOptimize(encode(message, octets.data(), octets.size()));
        benchmark::ClobberMemory();
    }
}

void sn_decode(benchmark::State& state, Message (*make)(), Sender sender) {
    std::array<std::uint8_t, 256> octets{};
    const std::size_t size = encode(make(), octets.data(), octets.size());
    Message message;
    for (auto _ : state) {
        if (decode(Bytes{octets.data(), size}, sender, message) != DecodeError::none) {
            state.SkipWithError("not decoded");
            return;
        }
        benchmark::DoNotOptimize(message);
        benchmark::ClobberMemory();
    }
}

mqtt::Packet mqtt_publish() {
    mqtt::Packet packet;
    packet.type = mqtt::PacketType::publish;
    packet.qos = 1;
    packet.packet_id = 42;
    packet.topic = bytes_of("plant/line7/temperature");
    packet.payload = Bytes{payload.data(), payload.size()};
    return packet;
}
mqtt::Packet mqtt_puback() {
    mqtt::Packet packet;
    packet.type = mqtt::PacketType::puback;
    packet.packet_id = 42;
    return packet;
}

void mqtt_encode(benchmark::State& state, mqtt::Packet (*make)()) {
    const mqtt::Packet packet = make();
    mqtt::OctetBuffer octets;
    for (auto _ : state) {
        octets.clear();
        benchmark::DoNotOptimize(mqtt::encode_packet(packet, octets));
        benchmark::ClobberMemory();
    }
}

void mqtt_encode_connect(benchmark::State& state) {
    mqtt::Connect connect;
    connect.client_id = bytes_of("sensor-000001");
    mqtt::OctetBuffer octets;
    for (auto _ : state) {
        octets.clear();
        benchmark::DoNotOptimize(mqtt::encode_connect(connect, octets));
        benchmark::ClobberMemory();
    }
}

void mqtt_decode(benchmark::State& state, mqtt::Packet (*make)()) {
    mqtt::OctetBuffer octets;
    if (!mqtt::encode_packet(make(), octets)) {
        state.SkipWithError("not encoded");
        return;
    }
    for (auto _ : state) {
        const mqtt::Decoded decoded = mqtt::decode(Bytes{octets.data(), octets.size()}, kLongest);
        if (decoded.status != mqtt::DecodeStatus::packet) {
            state.SkipWithError("not decoded");
            return;
        }
        benchmark::DoNotOptimize(decoded.packet);
    }
}

BENCHMARK_CAPTURE(sn_encode, CONNECT, connect);
BENCHMARK_CAPTURE(sn_encode, PUBLISH, publish);
BENCHMARK_CAPTURE(sn_encode, PUBACK, puback);
BENCHMARK_CAPTURE(sn_decode, CONNECT, connect, Sender::device);
BENCHMARK_CAPTURE(sn_decode, PUBLISH, publish, Sender::device);
BENCHMARK_CAPTURE(sn_decode, PUBACK, puback, Sender::device);
BENCHMARK(mqtt_encode_connect);
BENCHMARK_CAPTURE(mqtt_encode, PUBLISH, mqtt_publish);
BENCHMARK_CAPTURE(mqtt_encode, PUBACK, mqtt_puback);
BENCHMARK_CAPTURE(mqtt_decode, PUBLISH, mqtt_publish);
BENCHMARK_CAPTURE(mqtt_decode, PUBACK, mqtt_puback);

}  // namespace
