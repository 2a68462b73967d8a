// SPDX-License-Identifier: BSD-3-Clause
//
// Who the gateway is: ADVERTISE, SEARCHGW, GWINFO, and the table of those that were heard of. Spec: 6.1.
#include <string.h>

#include "client.hpp"

namespace mqttsn {
namespace {

constexpr uint32_t kSearchDelayMs = 5000;  // T_SEARCHGW (SN12-111)
constexpr uint8_t kSearchShiftMax = 8;     // 11 minutes between two SEARCHGW
constexpr unsigned kMissedAdvertises = 3;  // N_ADV

bool same(const mqttsn_address& one, const uint8_t* address, size_t octets) {
    return one.octets == octets && memcmp(one.data, address, octets) == 0;
}

/// config.gateways is used, and holds none that could be talked to.
bool Client::needs_gateway() const {
    return config_->gateways != nullptr && known_ == 0;
}

/// The next one that was heard of lately, beginning with number `from`.
bool Client::choose_gateway(unsigned from) {
    for (uint8_t i = 0; i < known_; ++i, ++from) {
        if (from >= known_) {
            from = 0;
        }
        const mqttsn_gateway& gateway = config_->gateways[from];
        if (gateway.expires != kAtTime || left(gateway.expires_ms) != 0) {
            gateway_ = static_cast<uint8_t>(from);
            return true;
        }
    }
    gateway_ = 0;
    known_ = 0;  // all are out of date
    return false;
}

mqttsn_status Client::search() {
    if (config_->gateways == nullptr) {
        return MQTTSN_ERR_STATE;
    }
    search_ = kSearchAsked;
    return MQTTSN_OK;
}

/// @param interval_s  kAtTime: until its next ADVERTISE
mqttsn_status Client::learn_gateway(uint8_t id, const uint8_t* address, size_t octets, Expiry expires,
                                    uint16_t interval_s) {
    if (config_->gateways == nullptr || octets - 1U >= MQTTSN_ADDRESS_OCTETS) {
        return MQTTSN_ERR_ARGUMENT;
    }
    mqttsn_gateway* entry = config_->gateways;
    const mqttsn_gateway* const in_use = state_ != kDisconnected || connecting() ? entry + gateway_ : nullptr;
    const mqttsn_gateway* const end = entry + known_;
    while (entry != end && entry->id != id) {
        ++entry;
    }
    if (entry == end) {
        entry = config_->gateways;
        while (entry != end &&
               (entry == in_use || entry->expires != kAtTime || left(entry->expires_ms) != 0)) {
            ++entry;
        }
    }
    if (entry == end) {
        if (known_ >= config_->gateways_length) {
            return MQTTSN_ERR_BUSY;
        }
        ++known_;
        entry->expires = kWhenSilent;
    } else if ((entry == in_use || (entry->expires == kNever && expires != kNever)) &&
               !same(entry->address, address, octets)) {
        // Nobody may take the place of the gateway that a session is open with, or of one that was
        // configured.
        return MQTTSN_ERR_SENDER;
    }
    entry->id = id;
    entry->address.octets = static_cast<uint8_t>(octets);
    memcpy(entry->address.data, address, octets);
    if (entry->expires != kNever) {
        entry->expires = expires;
    }
    entry->expires_ms = now_ + interval_s * (1000U * kMissedAdvertises);
    return MQTTSN_OK;
}

bool Client::is_gateway(const mqttsn_address& from) const {
    return config_->gateways == nullptr ||
           (known_ != 0 && same(config_->gateways[gateway_].address, from.data, from.octets));
}

/// ADVERTISE, SEARCHGW, GWINFO, from anybody.
bool Client::on_gateway(const Incoming& in, const mqttsn_address& from) {
    const uint8_t id = in.type == kTypeADVERTISE ? in.data[-3] : in.code;
    const uint8_t* address = from.data;
    size_t address_octets = from.octets;
    uint16_t interval_s = 0;
    Expiry expires = kWhenSilent;
    if (in.type == kTypeSEARCHGW) {
        // Somebody else's takes the place of ours.
        if (search_ == kSearching && search_shift_ == 0) {
            search_shift_ = 1;
            search_at_ = now_ + kSearchDelayMs;
        }
        return true;
    }
    if (in.type == kTypeADVERTISE) {
        expires = kAtTime;  // 0 s, too: there and gone
        interval_s = static_cast<uint16_t>(read_u16(in.data - 2));
    } else if (in.octets != 0) {
        // Another device says so; its first octet may be the length of the rest (D46).
        address = in.data;
        address_octets = in.octets;
        if (*address == address_octets - 1) {
            ++address;
            --address_octets;
        }
    }
    const bool learned = learn_gateway(id, address, address_octets, expires, interval_s) == MQTTSN_OK;
    if (learned && search_ != kNoSearch) {
        search_ = kNoSearch;
        link_event(MQTTSN_EVENT_GATEWAY, id);
    }
    return learned;
}

bool Client::search_message(Outgoing& out) {
    uint32_t delay_ms = 0;
    const bool due = search_ != kSearchAsked;
    if (due) {
        out.head.begin(kTypeSEARCHGW);
        out.head.put8(config_->search_radius);
        if (search_shift_ < kSearchShiftMax) {
            ++search_shift_;
        }
        delay_ms = kSearchDelayMs << (search_shift_ - 1U);  // SN12-59
    } else {
        search_ = kSearching;
        search_shift_ = 0;
        delay_ms = (random() & 0xFFU) * config_->search_delay_ms >> 8U;  // SN12-56
    }
    search_at_ = now_ + delay_ms;
    return due;
}

}  // namespace
}  // namespace mqttsn
