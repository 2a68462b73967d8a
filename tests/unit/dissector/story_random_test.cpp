// SPDX-License-Identifier: BSD-3-Clause
//
// Random conversations of random devices, damaged messages between them: whatever happens, links have two
// ends, times and frames make sense, names come from where they were learned, and nothing changes afterwards
// but what may.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "support/cmocka.hpp"
#include "unit/common/message_checks.hpp"
#include "unit/common/prng.hpp"
#include "unit/common/vectors.hpp"
#include "unit/dissector/conversation.hpp"

using mqttsnx::Telling;
using mqttsnx::TopicSource;
using mqttsnx::Type;

namespace {

struct Frame {
    const Telling* telling;
    std::string told;  ///< all that may not change later, as it was told
    unsigned type;     ///< MsgType, 256 if it cannot be read
    bool has_id_topic;
    char device;  ///< first letter of its client id and of all its topics
};

std::string printed(const Telling& telling) {
    std::string out = std::to_string(telling.version_2) + " " + mqttsnx::direction_name(telling.direction);
    for (const auto state : {telling.state_before, telling.state}) {
        out += std::string(" ") + mqttsnx::state_name(state);
    }
    out += " " + std::string(telling.client) + " " + std::string(telling.topic);
    for (const std::int64_t number :
         {std::int64_t{telling.connect_frame}, static_cast<std::int64_t>(telling.topic_source),
          std::int64_t{telling.topic_frame}, std::int64_t{telling.expects_answer},
          std::int64_t{telling.request_frame}, telling.response_time, telling.exchange_time,
          std::int64_t{telling.retransmission_of}, std::int64_t{telling.retransmission_number},
          std::int64_t{telling.duplicate_of}, std::int64_t{telling.has_delivered},
          std::int64_t{telling.delivered}, telling.silence}) {
        out += " " + std::to_string(number);
    }
    for (const mqttsnx::Note& note : telling.notes) {
        out += std::string(" ") + test::expert_name(note.expert) + "@" + std::to_string(note.frame);
    }
    return out;
}

/// Devices A to D, each at one of two addresses and one of two nodes; names begin with the device's letter.
class Walk {
  public:
    Walk(std::uint64_t seed, bool damaged)
        : prng_(seed),
          damaged_(damaged),
          vectors_(test::read_vectors(DORMOUSE_SOURCE_DIR "/tests/vectors/mqttsn-1.2.hex")) {}

    void step() {
        const unsigned number = prng_.below(4);
        const test::Vector& vector = drawn();
        const bool up = vector.from_device && (!vector.from_gateway || prng_.chance(2));
        const mqttsnx::Endpoint device =
            test::endpoint(static_cast<std::uint8_t>(10 + number), prng_.chance(10) ? 40002 : 40001);
        const mqttsnx::Endpoint gateway = test::endpoint(prng_.chance(8) ? 2 : 1, 1883);
        const char letter = static_cast<char>('A' + number);
        test::Octets octets = rewritten(vector.octets, letter);
        const bool to_group = octets[1] <= 2 && prng_.chance(2);
        if (prng_.chance(8)) {
            octets.insert(octets.begin(), {0x04, 0xFE, 0x00, static_cast<std::uint8_t>(prng_.below(2))});
        }
        if (damaged_ && prng_.chance(5)) {
            octets[prng_.below(static_cast<std::uint32_t>(octets.size()))] = prng_.octet();
        }
        const std::uint32_t lost = damaged_ && prng_.chance(10) ? prng_.below(4) : 0;
        const std::uint32_t reported = static_cast<std::uint32_t>(octets.size());
        octets.resize(octets.size() > lost ? octets.size() - lost : 0);
        if (prng_.chance(3)) {
            capture_.wait(prng_.chance(20) ? -5.0 : prng_.chance(4) ? prng_.below(200) : 0.3);
        }
        const Telling& telling = capture_.send(up ? device : gateway,
                                               to_group ? test::group()
                                               : up     ? gateway
                                                        : device,
                                               octets, reported);
        const mqttsnx::Datagram datagram = mqttsnx::decode(octets, reported, 0);
        frames_.push_back({&telling, printed(telling),
                           datagram.has_message ? datagram.message.type.value : 256,
                           datagram.message.topic_form == mqttsnx::TopicForm::id, letter});
    }

    void check() const {
        for (std::uint32_t number = 1; number <= frames_.size(); ++number) {
            const Frame& frame = frames_[number - 1];
            const std::string now = printed(*frame.telling);
            CHECK_CASE(now == frame.told, "seed %llu frame %u has changed:\n%s\n%s", prng_.seed(), number,
                       frame.told.c_str(), now.c_str());
            check_request(number, *frame.telling);
            check_answer(number, *frame.telling);
            check_repetition(number, *frame.telling);
            check_topic(number, frame);
            for (const mqttsnx::Note& note : frame.telling->notes) {
                claim(note.frame < number, number, "a note speaks of a later frame");
            }
        }
    }
    const std::vector<Frame>& frames() const { return frames_; }
    std::size_t memory() const { return capture_.memory(); }

  private:
    /// What begins or ends a session is drawn less often than what a session is made of.
    const test::Vector& drawn() {
        while (true) {
            const test::Vector& vector = vectors_[prng_.below(static_cast<std::uint32_t>(vectors_.size()))];
            const unsigned type = vector.octets[1];
            if ((type != static_cast<unsigned>(Type::connect) &&
                 type != static_cast<unsigned>(Type::disconnect)) ||
                prng_.chance(6)) {
                return vector;
            }
        }
    }

    /// MsgIds 1 to 3, topic ids 0010 to 0012, texts of the device, DUP as it comes.
    test::Octets rewritten(test::Octets octets, char letter) {
        const mqttsnx::Message message =
            mqttsnx::decode(octets, static_cast<std::uint32_t>(octets.size()), 0).message;
        const auto set_low = [&octets](const mqttsnx::Number& field, unsigned value) {
            if (field.where.size == 2) {
                octets[field.where.end() - 2] = 0;
                octets[field.where.end() - 1] = static_cast<std::uint8_t>(value);
            }
        };
        if (message.msg_id.value != 0) {
            set_low(message.msg_id, 1 + prng_.below(3));
        }
        if (message.topic_id.value > 1 && message.topic_form == mqttsnx::TopicForm::id) {
            set_low(message.topic_id, 0x10 + prng_.below(3));
        }
        if (message.type.there() && message.kind() == Type::publish && prng_.chance(3)) {
            octets[message.flags.where.at] =
                static_cast<std::uint8_t>(octets[message.flags.where.at] ^ 0x80U);
        }
        if (message.has_text && message.text.size != 0) {
            octets[message.text.at] = static_cast<std::uint8_t>(letter);
            if (message.type.there() && message.kind() != Type::connect && message.kind() != Type::pingreq) {
                octets[message.text.end() - 1] = static_cast<std::uint8_t>('x' + prng_.below(2));
            }
        }
        return octets;
    }

    void claim(bool holds, std::uint32_t number, const char* what) const {
        CHECK_CASE(holds, "seed %llu frame %u: %s\n%s", prng_.seed(), number, what,
                   printed(*frames_[number - 1].telling).c_str());
    }
    const Telling& at(std::uint32_t number) const { return *frames_.at(number - 1).telling; }

    void check_request(std::uint32_t number, const Telling& telling) const {
        if (telling.response_frame == 0) {
            return;
        }
        const std::uint32_t first = telling.retransmission_of != 0 ? telling.retransmission_of : number;
        claim(telling.response_frame > first && telling.response_frame <= frames_.size(), number,
              "the answer comes after the first transmission");
        claim(at(first).response_frame == telling.response_frame, number,
              "all transmissions have one answer");
        const std::uint32_t asked = at(telling.response_frame).request_frame;
        const bool searches = frames_[number - 1].type == static_cast<unsigned>(Type::search_gateway);
        claim(asked == first || (searches && asked > first), number,
              "the answer names the first transmission");
    }

    void check_answer(std::uint32_t number, const Telling& telling) const {
        if (telling.request_frame == 0) {
            claim(telling.response_time == -1 && telling.duplicate_of == 0, number, "no answer, no time");
            return;
        }
        const Telling& request = at(telling.request_frame);
        claim(telling.request_frame < number, number, "the request comes before the answer");
        claim(request.retransmission_of == 0, number, "the request is a first transmission");
        claim(request.response_frame != 0 && request.response_frame <= number, number,
              "the request has an answer by now");
        claim(telling.response_time >= -1 && telling.exchange_time >= -1, number, "times are no less than 0");
        if (telling.duplicate_of != 0) {
            claim(telling.duplicate_of < number && request.response_frame == telling.duplicate_of, number,
                  "a duplicate names the first answer");
        }
    }

    void check_repetition(std::uint32_t number, const Telling& telling) const {
        const std::uint32_t first = telling.retransmission_of;
        claim((first == 0) == (telling.retransmission_number == 0), number, "repetitions are numbered");
        if (first != 0) {
            claim(first < number && at(first).retransmission_of == 0, number, "the first is no repetition");
            claim(frames_[first - 1].type == frames_[number - 1].type, number,
                  "the first is of the same type");
            claim(at(first).exchange == telling.exchange, number, "all transmissions are in one exchange");
        }
        if (const mqttsnx::Exchange* exchange = telling.exchange) {
            claim(exchange->publish != 0 && exchange->publish <= number, number, "an exchange has a PUBLISH");
            for (const std::uint32_t part :
                 {exchange->puback, exchange->pubrec, exchange->pubrel, exchange->pubcomp}) {
                claim(part == 0 || (part > exchange->publish && at(part).exchange == exchange), number,
                      "all frames of an exchange know it");
            }
        }
    }

    void check_topic(std::uint32_t number, const Frame& frame) const {
        const Telling& telling = *frame.telling;
        claim(telling.topic.empty() == (telling.topic_source == TopicSource::none), number,
              "a topic has a source");
        claim(telling.topic_frame < number, number, "a topic was learned before");
        if (damaged_ || telling.topic.empty() || !frame.has_id_topic) {
            return;
        }
        claim(telling.topic.front() == frame.device, number, "a topic was learned from this device");
        claim(telling.topic_source != TopicSource::octets && telling.topic_frame != 0, number,
              "the name of an id was learned somewhere");
    }

    test::Prng prng_;
    bool damaged_;
    std::vector<test::Vector> vectors_;
    test::Capture capture_;
    std::vector<Frame> frames_;
};

void random_conversations(bool damaged, std::uint64_t fallback) {
    test::Prng prng = test::Prng::from_environment(fallback);
    unsigned answers = 0, repetitions = 0, names = 0;
    for (unsigned round = 0; round < 30; ++round) {
        const auto walk = std::make_unique<Walk>(round == 0 ? prng.seed() : prng.next(), damaged);
        for (unsigned i = 0; i < 1000; ++i) {
            walk->step();
        }
        walk->check();
        for (const Frame& frame : walk->frames()) {
            answers += frame.telling->request_frame != 0;
            repetitions += frame.telling->retransmission_of != 0;
            names += frame.has_id_topic && !frame.telling->topic.empty();
        }
    }
    CHECK_CASE(answers > 2000 && repetitions > 1000 && names > 150,
               "seed %llu: %u answers, %u repetitions, %u names", prng.seed(), answers, repetitions, names);
}

void links_of_random_conversations_have_two_ends(void** /*state*/) {
    random_conversations(false, 0x5EED0701);
}

void links_of_damaged_conversations_have_two_ends(void** /*state*/) {
    random_conversations(true, 0x5EED0702);
}

void the_same_capture_tells_the_same_story(void** /*state*/) {
    const auto one = std::make_unique<Walk>(0x5EED0703, true);
    const auto other = std::make_unique<Walk>(0x5EED0703, true);
    for (unsigned i = 0; i < 3000; ++i) {
        one->step();
        other->step();
    }
    for (std::size_t i = 0; i < one->frames().size(); ++i) {
        assert_string_equal(printed(*one->frames()[i].telling).c_str(),
                            printed(*other->frames()[i].telling).c_str());
        assert_int_equal(one->frames()[i].telling->response_frame,
                         other->frames()[i].telling->response_frame);
    }
}

// One device that floods: what it costs does not depend on how much there was before it.
void memory_grows_with_the_messages_and_no_faster(void** /*state*/) {
    std::vector<std::size_t> memory;
    for (const unsigned messages : {50'000U, 100'000U, 200'000U}) {
        test::Capture capture;
        capture.connect();
        capture.play("learn");
        while (capture.last() < messages) {
            const unsigned id = 1 + capture.last() / 2 % 0xFFFF;
            const std::string text = test::Capture::byte(id >> 8) + test::Capture::byte(id & 0xFF);
            capture.up("09 0C 20 00 10" + text + "68 69");
            capture.down("07 0D 00 10" + text + "00");
        }
        memory.push_back(capture.memory());
        print_message("%u messages: %zu octets, %zu each\n", messages, memory.back(),
                      memory.back() / messages);
    }
    assert_true(memory[2] < memory[0] * 5);
    assert_true(memory[2] / 200'000 < 400);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(links_of_random_conversations_have_two_ends),
        cmocka_unit_test(links_of_damaged_conversations_have_two_ends),
        cmocka_unit_test(the_same_capture_tells_the_same_story),
        cmocka_unit_test(memory_grows_with_the_messages_and_no_faster),
    };
    return cmocka_run_group_tests_name("unit.dissector.story_random", tests, nullptr, nullptr);
}
