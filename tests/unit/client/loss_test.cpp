// SPDX-License-Identifier: BSD-3-Clause
//
// All loss patterns of an exchange: bit i of a mask loses the i-th datagram, whichever way it goes. The peer
// is a model gateway that decodes what the client sends; its memory of QoS 2 ids stands for the broker's and
// outlives its restarts.
#include <vector>

#include "device.hpp"
#include "model_gateway.hpp"

using test::Device;
using test::ModelGateway;
using test::Octets;

namespace {

/// Device and gateway over a link that loses by mask, in virtual time; the device's program connects again
/// when it must.
struct World {
    Device device;
    ModelGateway gateway;
    unsigned loss_mask = 0;
    unsigned carried = 0;
    int restart_after = -1;  // datagrams
    std::vector<std::uint16_t> delivered;
    std::vector<std::string> received;

    World() {
        device.config.retry_count = 3;
        device.config.keep_alive_s = 10;
        device.restart();
    }

    bool passes() {
        if (static_cast<int>(carried) == restart_after) {
            gateway.restart();
        }
        const unsigned bit = carried++;
        return bit >= 31 || ((loss_mask >> bit) & 1U) == 0;
    }

    void events() {
        std::string name;
        while (!(name = device.next()).empty()) {
            if (name == "DELIVERED") {
                assert_int_equal(device.event.code, MQTTSN_ACCEPTED);
                delivered.push_back(device.event.token);
            } else if (name == "MESSAGE") {
                received.push_back(device.topic() + " " + device.payload());
            } else if (name == "LOST" || name == "DISCONNECTED") {
                assert_int_equal(mqttsn_connect(&device.client, false), MQTTSN_OK);
            }
        }
    }

    void to_device(std::vector<Octets> datagrams) {
        for (const Octets& datagram : datagrams) {
            if (passes()) {
                assert_int_not_equal(device.in_octets(datagram), MQTTSN_ERR_BUSY);
                exchange();
            }
        }
    }

    void exchange() {
        events();
        for (std::string datagram = device.out(); !datagram.empty(); datagram = device.out()) {
            events();
            if (passes()) {
                to_device(gateway.handle(test::hex(datagram)));
            }
        }
        events();
    }

    /// Until nothing is open, at most ten minutes.
    template <typename Done>
    void run(Done done) {
        for (int second = 0; second < 1200 && !done(); ++second) {
            exchange();
            to_device(gateway.tick());
            device.now += 500;
        }
        exchange();
    }
};

void expect_once(const std::vector<std::string>& list, const char* text) {
    assert_int_equal(list.size(), 1);
    assert_string_equal(list[0].c_str(), text);
}

void uplink(int qos, unsigned mask, int restart_after) {
    World world;
    world.loss_mask = mask;
    world.restart_after = restart_after;
    assert_int_equal(mqttsn_connect(&world.device.client, false), MQTTSN_OK);
    world.device.publish(mqttsn_topic_name("up"), "x", qos);
    world.run([&] { return !world.delivered.empty(); });
    assert_int_equal(world.delivered.size(), 1);
    if (qos == 2) {
        expect_once(world.gateway.published, "up x");
    } else {
        assert_true(!world.gateway.published.empty());
        for (const std::string& text : world.gateway.published) {
            assert_string_equal(text.c_str(), "up x");
        }
    }
}

void downlink(int qos, unsigned mask, int restart_after) {
    World world;
    world.loss_mask = mask;
    world.restart_after = restart_after;
    assert_int_equal(mqttsn_connect(&world.device.client, false), MQTTSN_OK);
    world.gateway.send_down(qos);
    world.run([&] { return world.gateway.down_done(); });
    assert_true(world.gateway.down_done());
    if (qos == 2) {
        expect_once(world.received, "down x");
    } else {
        assert_true(!world.received.empty());
    }
}

constexpr unsigned kMasks = 1U << 12U;

void qos1_publish_arrives_under_every_loss_pattern(void**) {
    for (unsigned mask = 0; mask < kMasks; ++mask) {
        uplink(1, mask, -1);
    }
}

void qos2_publish_arrives_exactly_once_under_every_loss_pattern(void**) {
    for (unsigned mask = 0; mask < kMasks; ++mask) {
        uplink(2, mask, -1);
    }
}

void qos1_message_is_received_under_every_loss_pattern(void**) {
    for (unsigned mask = 0; mask < kMasks; ++mask) {
        downlink(1, mask, -1);
    }
}

void qos2_message_is_received_exactly_once_under_every_loss_pattern(void**) {
    for (unsigned mask = 0; mask < kMasks; ++mask) {
        downlink(2, mask, -1);
    }
}

// The gateway is killed at every moment of the exchange and has lost all it knew; the broker has not.
void exchanges_survive_a_gateway_restart_at_every_moment(void**) {
    for (int restart_after = 0; restart_after < 12; ++restart_after) {
        for (unsigned mask = 0; mask < (1U << 8U); ++mask) {
            for (int qos = 1; qos <= 2; ++qos) {
                uplink(qos, mask, restart_after);
                downlink(qos, mask, restart_after);
            }
        }
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(qos1_publish_arrives_under_every_loss_pattern),
        cmocka_unit_test(qos2_publish_arrives_exactly_once_under_every_loss_pattern),
        cmocka_unit_test(qos1_message_is_received_under_every_loss_pattern),
        cmocka_unit_test(qos2_message_is_received_exactly_once_under_every_loss_pattern),
        cmocka_unit_test(exchanges_survive_a_gateway_restart_at_every_moment),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
