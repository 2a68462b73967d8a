// SPDX-License-Identifier: BSD-3-Clause
//
// FAULT-99: one device sends ten thousand messages a second, and the others go on. Datagrams that do not fit
// the socket's buffer are lost in the kernel, whoever sent them; what must hold is that the others get
// through with the few repetitions that every device makes anyway.
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

#include "bed.hpp"

namespace e2e {
namespace {

constexpr std::size_t kOthers = 20;
constexpr int kRounds = 5;
constexpr int kRepeatMs = 500;        // a device's T_retry would make the test slow
constexpr int kTransmissionsMax = 4;  // of one message: N_retry + 1
constexpr int kFloodPerMs = 10;
constexpr std::uint32_t kFloodMax = 1'000'000;  // datagrams, should nobody end it

/// A process that sends the same few datagrams on a connected socket, again and again.
class Flood {
  public:
    void start(int socket, const std::vector<std::vector<std::uint8_t>>& datagrams) {
        pid_ = fork();
        if (pid_ != 0) {
            return;
        }
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        const auto begin = std::chrono::steady_clock::now();
        for (std::uint32_t i = 0; i < kFloodMax; ++i) {
            const auto& octets = datagrams[i % datagrams.size()];
            static_cast<void>(::send(socket, octets.data(), octets.size(), 0));
            std::this_thread::sleep_until(begin + std::chrono::milliseconds{i / kFloodPerMs});
        }
        _exit(0);
    }
    bool running() const { return pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) == 0; }
    void stop() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            waitpid(pid_, nullptr, 0);
        }
        pid_ = 0;
    }

  private:
    pid_t pid_ = 0;
};

Flood flood;  // ended by the fixture, also after a failed assert

int end_flood(void** state) {
    flood.stop();
    return tear_down(state);
}

std::vector<std::uint8_t> octets_of(const Message& message) {
    std::vector<std::uint8_t> octets(mqttsn::encoded_size(message));
    mqttsn::encode(message, octets.data(), octets.size());
    return octets;
}

struct Other {
    UdpDevice* device;
    std::uint16_t topic_id;
};

std::vector<Other> connect_others(Bed& bed) {
    std::vector<Other> others;
    for (std::size_t i = 0; i < kOthers; ++i) {
        UdpDevice& device = bed.device("calm-" + std::to_string(i));
        device.connect();
        others.push_back(Other{&device, device.register_topic("calm/" + std::to_string(i))});
    }
    return others;
}

/// One QoS 1 message of each, repeated until it is acknowledged. @return the most transmissions of one
/// message
int publish_all(const std::vector<Other>& others, int round) {
    std::vector<Message> messages;
    std::vector<std::string> payloads;
    std::vector<bool> done(others.size(), false);
    for (std::size_t i = 0; i < others.size(); ++i) {
        payloads.push_back(std::to_string(i) + " " + std::to_string(round));
    }
    for (std::size_t i = 0; i < others.size(); ++i) {
        messages.push_back(mqttsn::make_publish(Flags{}.with_qos(1), others[i].topic_id,
                                                others[i].device->next_message_id(), view(payloads[i])));
    }
    for (int transmissions = 1; transmissions <= kTransmissionsMax; ++transmissions) {
        for (std::size_t i = 0; i < others.size(); ++i) {
            if (!done[i]) {
                others[i].device->send(messages[i]);
                messages[i].flags = messages[i].flags.with_dup(true);
            }
        }
        int patience = kRepeatMs;
        for (std::size_t i = 0; i < others.size(); ++i) {
            const Message* answer = done[i] ? nullptr : others[i].device->receive(patience);
            while (answer != nullptr && answer->message_id != messages[i].message_id) {
                answer = others[i].device->receive(patience);  // a copy of an earlier one
            }
            patience = answer == nullptr && !done[i] ? 1 : patience;
            done[i] = done[i] || (answer != nullptr && answer->type == MessageType::puback &&
                                  answer->return_code == ReturnCode::accepted);
        }
        if (std::all_of(done.begin(), done.end(), [](bool one) { return one; })) {
            return transmissions;
        }
    }
    return kTransmissionsMax + 1;
}

/// Rounds of all the others while the flood goes on: each message is acknowledged, and the broker has got it.
void others_go_on(Bed& bed, const std::vector<Other>& others) {
    Observer& observer = bed.observe({"calm/#"});
    for (int round = 0; round < kRounds; ++round) {
        usleep(200'000);  // so that the flood has filled what it can fill
        assert_true(flood.running());
        const int transmissions = publish_all(others, round);
        print_message("round %d: %d transmissions at most\n", round, transmissions);
        assert_in_range(transmissions, 1, kTransmissionsMax);
    }
    assert_true(flood.running());
    flood.stop();
    std::vector<std::string> wanted;
    for (std::size_t i = 0; i < others.size(); ++i) {
        for (int round = 0; round < kRounds; ++round) {
            wanted.push_back(std::to_string(i) + " " + std::to_string(round));
        }
    }
    assert_true(observer.wait_for(wanted.size()));
    assert_true(has_all(observer.payloads(), wanted));
}

void a_flood_of_qos0_does_not_silence_the_others(Bed& bed) {
    bed.start();
    const std::vector<Other> others = connect_others(bed);
    UdpDevice& busy = bed.device("busy");
    busy.connect();
    const std::uint16_t id = busy.register_topic("busy");
    flood.start(busy.socket(), {octets_of(mqttsn::make_publish(Flags{}, id, 0, view("again")))});
    others_go_on(bed, others);
}

// FAULT-41: every one of these is answered.
void a_flood_of_unknown_topic_ids_does_not_silence_the_others(Bed& bed) {
    bed.start();
    const std::vector<Other> others = connect_others(bed);
    UdpDevice& busy = bed.device("busy");
    busy.connect();
    flood.start(busy.socket(), {octets_of(mqttsn::make_publish(Flags{}, 999, 0, view("again")))});
    others_go_on(bed, others);
}

// FAULT-17: CONNECTs with ever new client ids. (This machine has no limit per source.)
void a_flood_of_connects_does_not_silence_the_others(Bed& bed) {
    bed.gateway.options.sections = "[limits]\nsessions = 100\n";
    bed.start();
    const std::vector<Other> others = connect_others(bed);
    UdpDevice& busy = bed.device("busy");
    std::vector<std::vector<std::uint8_t>> connects;
    std::vector<std::string> ids;
    for (int i = 0; i < 5000; ++i) {
        ids.push_back("nobody-" + std::to_string(i));
        connects.push_back(
            octets_of(mqttsn::make_connect(Flags{}.with_clean_session(true), 65535, view(ids.back()))));
    }
    flood.start(busy.socket(), connects);
    others_go_on(bed, others);
}

}  // namespace
}  // namespace e2e

int main() {
    using namespace e2e;
#define FLOOD_TEST(body) \
    { #body, e2e::run < body>, e2e::set_up, e2e::end_flood, nullptr }
    const CMUnitTest tests[] = {
        FLOOD_TEST(a_flood_of_qos0_does_not_silence_the_others),
        FLOOD_TEST(a_flood_of_unknown_topic_ids_does_not_silence_the_others),
        FLOOD_TEST(a_flood_of_connects_does_not_silence_the_others),
    };
    return cmocka_run_group_tests_name("e2e.fairness", tests, nullptr, nullptr);
}
