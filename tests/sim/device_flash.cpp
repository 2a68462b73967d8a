// SPDX-License-Identifier: BSD-3-Clause
//
// Device: memory that is lost, and memory that is not.
#include <algorithm>
#include <stdexcept>

#include "sim/device.hpp"

namespace mqttsn::sim {

namespace {

constexpr int kRubbish = 0xA5;

template <typename Table>
void spoil(Table& table) {
    std::fill_n(reinterpret_cast<std::uint8_t*>(table.data()), table.size() * sizeof(table[0]),
                static_cast<std::uint8_t>(kRubbish));
}

}  // namespace

std::vector<std::uint8_t> Device::saved() const {
    std::size_t waiting = filter_.size();
    for (const Held& held : app_.in_library) {
        waiting += settings_.payload_octets + topics_[ledger_.at(held.number).topic].size();
    }
    std::vector<std::uint8_t> blob(
        MQTTSN_SAVE_OCTETS(queue_.size(), waiting, topic_memory_.size(), inbound_.size(), 0));
    const std::size_t size = mqttsn_save(&client_, nullptr, 0);
    if (size == 0 || size > blob.size() || mqttsn_save(&client_, blob.data(), blob.size()) != size) {
        throw std::logic_error("mqttsn_save: " + std::to_string(size) + " octets, the macro says " +
                               std::to_string(blob.size()));
    }
    blob.resize(size);
    return blob;
}

/// One write of session and application.
void Device::write_flash() {
    if (settings_.saves != Saves::always) {
        return;
    }
    if (!library_gone_ && lives_ > 0) {  // else the session is in there as it was
        const int next = flash_.newest == 0 ? 1 : 0;
        flash_.blobs[static_cast<std::size_t>(next)] = saved();
        flash_.newest = next;
        flash_.torn = false;
    }
    flash_.application = app_;
}

void Device::cut_power_at(std::uint32_t points, Micros off, std::optional<std::uint64_t> damage) {
    power_points_ = points;
    off_for_ = off;
    damage_ = damage;
}

bool Device::cut_power_now(Micros now) {
    const bool due = power_points_ && powered_;
    power_points_.reset();
    if (due) {
        lose_power(now);
    }
    return due;
}

bool Device::power_fails(Micros now) {
    if (!power_points_ || (*power_points_)-- > 0) {
        return false;
    }
    lose_power(now);
    return true;
}

/// Just before a write, or in the middle of it.
bool Device::power_fails_in_a_write(Micros now) {
    if (power_fails(now)) {
        return true;
    }
    if (!power_points_ || (*power_points_)-- > 0) {
        return false;
    }
    std::vector<std::uint8_t> half = saved();
    half.resize(half.size() / 2);
    flash_.blobs[flash_.newest == 0 ? 1 : 0] = half;
    flash_.torn = true;
    lose_power(now);
    return true;
}

void Device::lose_power(Micros now) {
    power_points_.reset();
    powered_ = false;
    power_at_ = now + off_for_;
    if (settings_.saves != Saves::always) {
        throw std::logic_error("only a device that always saves comes through this");
    }
    app_ = flash_.application;
    lose_ram();
    observer_.on_power_lost(index_);
    if (damage_) {
        damage_flash(*damage_);
    }
}

/// What the library had in RAM, and the clock.
void Device::lose_ram() {
    std::fill_n(reinterpret_cast<std::uint8_t*>(&client_), sizeof client_,
                static_cast<std::uint8_t>(kRubbish));
    spoil(queue_);
    spoil(topic_memory_);
    spoil(inbound_);
    for (Held& held : app_.in_library) {
        spoil(held.payload);
    }
    own_connect_ = false;
    library_gone_ = true;
    clock_offset_ms_ = static_cast<std::uint32_t>(random_.next());
}

bool Device::damage_flash(std::uint64_t bit) {
    if (flash_.newest < 0) {
        return false;
    }
    std::vector<std::uint8_t>& blob = flash_.blobs[static_cast<std::size_t>(flash_.newest)];
    bit %= blob.size() * 8;
    blob[bit / 8] = static_cast<std::uint8_t>(blob[bit / 8] ^ 1U << bit % 8);
    return true;
}

/// @returns false when there is nothing whole to restore; then the library is as after mqttsn_init()
bool Device::restore(Micros now) {
    config_.seed = static_cast<std::uint32_t>(random_.next()) | 1U;
    library_gone_ = false;
    dozing_ = false;
    if (flash_.torn) {
        const std::vector<std::uint8_t>& half = flash_.blobs[flash_.newest == 0 ? 1 : 0];
        if (mqttsn_restore(&client_, &config_, clock(now), half.data(), half.size()) != MQTTSN_ERR_BLOB) {
            throw std::logic_error("a blob that was cut short is restored");
        }
        flash_.torn = false;
    }
    // The session borrows names and payloads from this copy; what is written from now on leaves it alone.
    restored_ = flash_.newest < 0 ? std::vector<std::uint8_t>{}
                                  : flash_.blobs[static_cast<std::size_t>(flash_.newest)];
    const mqttsn_status status =
        mqttsn_restore(&client_, &config_, clock(now), restored_.data(), restored_.size());
    if (status != MQTTSN_OK && status != MQTTSN_ERR_BLOB) {
        throw std::logic_error(std::string("mqttsn_restore: ") + mqttsn_status_name(status));
    }
    if (settings_.saves == Saves::before_sleep) {
        flash_.newest = -1;  // what it says is old from now on
    }
    ++(status == MQTTSN_OK ? statistics_.restored : statistics_.refused_blobs);
    return status == MQTTSN_OK;
}

/// Deep sleep: the radio is off, nothing is on its way, and RAM goes.
void Device::doze_if_asleep(Micros now) {
    if (settings_.saves != Saves::before_sleep || dozing_ || library_gone_ || !powered_ || lives_ == 0 ||
        leaving_ || manual_ || state() != MQTTSN_STATE_ASLEEP || app_.wake_at <= now) {
        return;
    }
    flash_.blobs[0] = saved();
    flash_.newest = 0;
    dozing_ = true;
    lose_ram();
}

/// All memory of messages and session, in the application too.
void Device::forget_all(Micros until, bool clean) {
    for (const Held& held : app_.in_library) {
        observer_.on_forgotten(index_, held.number);
    }
    for (const std::uint32_t number : app_.backlog) {
        observer_.on_forgotten(index_, number);
    }
    app_ = Application{};
    app_.clean_next = clean && !settings_.clean_session;
    app_.connect_at = until;
    app_.wake_at = until;
    own_connect_ = false;
}

void Device::power_off(Micros now, Micros until, bool keeps_memory, bool clean) {
    powered_ = false;
    power_at_ = until;
    count_radio(now);
    if (keeps_memory) {
        return;
    }
    forget_all(until, clean);
    flash_ = Flash{};
    power_points_.reset();
    dozing_ = false;
    library_gone_ = false;
    begin_life(random_.next());
    write_flash();
}

}  // namespace mqttsn::sim
