// SPDX-License-Identifier: BSD-3-Clause
#include "conformance/case.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <thread>

#include "conformance/mqtt_peer.hpp"
#include "conformance/sn_device.hpp"

namespace conformance {
namespace {

constexpr std::size_t kTranscriptLinesMax = 3000;

}  // namespace

Case::Case(Environment& environment, std::size_t number) : environment_(environment), number_(number) {}

Case::~Case() = default;

std::string Case::client_id() {
    return "cf" + environment_.run + "-" + std::to_string(number_) + "-" + std::to_string(++client_ids_);
}

std::string Case::topic(std::string_view name) const {
    return "cf/" + environment_.run + "/" + std::to_string(number_) + "/" + std::string(name);
}

std::string Case::short_name() {
    static constexpr std::string_view kLetters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    const unsigned number = environment_.short_names++;
    return {kLetters[(number / kLetters.size()) % kLetters.size()], kLetters[number % kLetters.size()]};
}

std::string Case::predefined_name(const Predefined& topic, const std::string& client_id) const {
    static const std::string kMark = "{client_id}";
    std::string name = topic.topic;
    const std::size_t at = name.find(kMark);
    return at == std::string::npos ? name : name.replace(at, kMark.size(), client_id);
}

const Predefined* Case::common_predefined() const {
    for (const Predefined& topic : options().predefined) {
        if (topic.topic.find("{client_id}") == std::string::npos) {
            return &topic;
        }
    }
    return nullptr;
}

Device& Case::device(const std::string& client_id) {
    devices_.push_back(std::make_unique<Device>(*this, client_id));
    return *devices_.back();
}

Device& Case::device() {
    return device(client_id());
}

Device& Case::connected(std::uint16_t duration) {
    Device& device = this->device();
    device.connect(sn::kClean, duration);
    return device;
}

Device& Case::connected_kept(std::uint16_t duration) {
    Device& device = this->device();
    forget_session(device.client_id());
    device.connect(0, duration);
    return device;
}

Device& Case::sleeper(std::uint16_t duration) {
    Device& device = connected();
    device.sleep(duration);
    return device;
}

Peer& Case::peer() {
    peers_.push_back(std::make_unique<Peer>(*this, client_id()));
    return *peers_.back();
}

Peer& Case::subscriber(const std::string& filter) {
    Peer& peer = this->peer();
    peer.subscribe(filter);
    return peer;
}

void Case::fail(const std::string& expected, const std::string& seen) const {
    throw Failure{expected, seen};
}

void Case::check(bool good, const std::string& expected, const std::string& seen) const {
    if (!good) {
        fail(expected, seen);
    }
}

void Case::need(bool there, const std::string& why) const {
    if (!there) {
        throw NotApplicable{why};
    }
}

void Case::await_published() const {
    constexpr milliseconds kOnTheWay{200};
    if (is_weaker("shared")) {
        std::this_thread::sleep_until(published_at_ + kOnTheWay);
    }
}

bool Case::is_weaker(const std::string& name) const {
    const std::vector<std::string>& names = options().weaker;
    return std::find(names.begin(), names.end(), name) != names.end();
}

bool Case::weaker(const std::string& name, const std::string& what) {
    if (is_weaker(name)) {
        weaker_note_ = name + ": " + what;
        return true;
    }
    return false;
}

void Case::note(const std::string& text) {
    if (transcript_.size() < kTranscriptLinesMax) {
        const auto passed = std::chrono::duration_cast<milliseconds>(Clock::now() - start_).count();
        std::array<char, 24> stamp{};
        std::snprintf(stamp.data(), stamp.size(), "%6.3f ", static_cast<double>(passed) / 1000.0);
        transcript_.push_back(stamp.data() + text);
    }
}

void Case::pause(milliseconds time) {
    note("(" + std::to_string(time.count()) + " ms pass)");
    std::this_thread::sleep_for(time);
}

void Case::wipe_session(const std::string& client_id) {
    // The device's own address, or the gateway may have to ask there whether it still lives (D10).
    const auto of_id = [&](const auto& device) { return device->client_id() == client_id; };
    const auto found = std::find_if(devices_.rbegin(), devices_.rend(), of_id);
    Device& device = found != devices_.rend() ? **found : this->device(client_id);
    device.send(sn::connect(client_id, sn::kClean, 60));
    const Clock::time_point end = Clock::now() + answer();
    while (Clock::now() < end) {
        const std::optional<sn::Message> message = device.receive(answer());
        if (!message.has_value() || message->type == sn::CONNACK) {
            break;
        }
    }
}

void Case::clear_retained() {
    if (retained_.empty()) {
        return;
    }
    Peer& peer = this->peer();
    for (const std::string& topic : retained_) {
        peer.publish(topic, "", 1, true);
    }
}

void Case::clean_up() noexcept {
    try {
        note("--- clean-up");
        for (const std::string& client_id : kept_) {
            wipe_session(client_id);
        }
        for (const auto& device : devices_) {
            if (device->is_connected()) {
                device->send(sn::disconnect());
            }
        }
        clear_retained();
    } catch (const Failure& failure) {
        note("clean-up failed: " + failure.expected + ": " + failure.seen);
    } catch (const std::exception& error) {
        note(std::string("clean-up failed: ") + error.what());
    }
}

}  // namespace conformance
