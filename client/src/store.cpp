// SPDX-License-Identifier: BSD-3-Clause
//
// The session as octets, for memory that outlives RAM: a head {CRC-32, form, octets}, this object, the tables
// of the configuration as far as they are used, and names and payloads of what is queued. Reading and writing
// take the same walk. The CRC begins with the client id, and the form with the sizes of the structures, so a
// blob of another device or of a library built otherwise is refused like a damaged one.
#include <string.h>

#include "client.hpp"

namespace mqttsn {
namespace {

constexpr size_t kBlobHead = 8;
constexpr size_t kCrcOctets = 4;
constexpr uint16_t kForm = static_cast<uint16_t>(1U << 12U | (sizeof(Client) + 4 * sizeof(mqttsn_slot)));

uint32_t crc32(uint32_t crc, const void* of, size_t octets) {
    const uint8_t* at = octets_of(of);
    for (; octets > 0; --octets) {
        crc ^= *at++;
        for (int bit = 0; bit < 8; ++bit) {
            crc = crc >> 1U ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
        }
    }
    return crc;
}

bool lies_in(const void* memory, const uint8_t* blob, size_t capacity) {
    return reinterpret_cast<uintptr_t>(memory) - reinterpret_cast<uintptr_t>(blob) < capacity;
}

uint32_t crc_of(const mqttsn_config* config, const uint8_t* blob, size_t octets) {
    const uint32_t crc = crc32(UINT32_MAX, config->client_id, text_octets(config->client_id));
    return crc32(crc, blob + kCrcOctets, octets - kCrcOctets);
}

}  // namespace

namespace {

struct Client::Cursor {
    uint8_t* at;  ///< null: only count
    size_t used;
    size_t capacity;
    bool reading;

    /// `octets` of memory of ours, from or to the blob. Beyond its end nothing moves, but all is counted.
    void move(const void* ours, size_t octets) {
        if (octets != 0 && at != nullptr && used + octets <= capacity) {
            uint8_t* const blob = at + used;
            if (reading) {
                memcpy(const_cast<void*>(ours), blob, octets);
            } else {
                memcpy(blob, ours, octets);
            }
        }
        used += octets;
    }
    /// Octets of the caller's: into the blob, or from now on those in the blob.
    MQTTSN_CALLED const void* borrow(const void* theirs, size_t octets) {
        if (reading) {
            theirs = octets != 0 ? at + used : nullptr;
            used += octets;
        } else {
            move(theirs, octets);
        }
        return theirs;
    }
};

void Client::walk(Cursor& cursor) const {
    mqttsn_slot* const queue = config_->queue;
    cursor.move(queue, queued_ * sizeof *queue);
    if (kWithInbound) {
        cursor.move(config_->inbound, config_->inbound_length * sizeof *config_->inbound);
    }
    cursor.move(config_->gateways, known_ * sizeof *config_->gateways);
    cursor.move(topics_.memory, topics_.used);
    for (uint8_t i = 0; i < queued_ && cursor.used <= cursor.capacity; ++i) {
        mqttsn_slot& slot = queue[i];
        slot.topic.name = static_cast<const char*>(cursor.borrow(slot.topic.name, slot.topic.name_octets));
        slot.payload = cursor.borrow(slot.payload, slot.payload_octets);
    }
}

size_t Client::save(uint8_t* blob, size_t capacity) const {
    if (message_waits_) {
        return 0;
    }
    for (uint8_t i = 0; blob != nullptr && i < queued_; ++i) {
        const mqttsn_slot& slot = config_->queue[i];
        if (lies_in(slot.payload, blob, capacity) || lies_in(slot.topic.name, blob, capacity)) {
            return 0;  // it would be overwritten before it is read
        }
    }
    Cursor cursor = {blob, kBlobHead, blob != nullptr ? capacity : SIZE_MAX, false};
    cursor.move(this, sizeof *this);
    walk(cursor);
    if (cursor.used > cursor.capacity || cursor.used > UINT16_MAX) {
        return 0;
    }
    if (blob != nullptr) {
        const uint16_t head[2] = {kForm, static_cast<uint16_t>(cursor.used)};
        memcpy(blob + kCrcOctets, head, sizeof head);
        const uint32_t crc = crc_of(config_, blob, cursor.used);
        memcpy(blob, &crc, sizeof crc);
    }
    return cursor.used;
}

/// After init(). @return false = refused, the object is not usable before another init()
bool Client::restore(uint32_t now, const uint8_t* blob, size_t octets) {
    const mqttsn_config* const config = config_;
    uint32_t crc = 0;
    uint16_t head[2];
    if (octets < kBlobHead + sizeof *this) {
        return false;
    }
    memcpy(&crc, blob, sizeof crc);
    memcpy(head, blob + kCrcOctets, sizeof head);
    if (head[0] != kForm || head[1] > octets || head[1] < kBlobHead + sizeof *this ||
        crc != crc_of(config, blob, head[1])) {
        return false;
    }
    Cursor cursor = {const_cast<uint8_t*>(blob), kBlobHead, head[1], true};
    const mqttsn_will* const will = will_;
    cursor.move(this, sizeof *this);
    config_ = config;
    will_ = will;
    topics_.memory = config->topic_memory;
    topics_.capacity = config->topic_memory_octets;
    if (queued_ > config->queue_length || known_ > config->gateways_length ||
        topics_.used > topics_.capacity) {
        return false;
    }
    walk(cursor);
    if (cursor.used != head[1]) {
        return false;
    }
    // How long it was is not known: all waits go on from where they were.
    skew_ = now_ - now;
    if (kWithSleep && kWithInbound && state_ == kAsleep) {
        // But copies do not live as long as a sleep: what was released before it is new when it comes again.
        for (uint8_t i = 0; i < config->inbound_length; ++i) {
            config->inbound[i].time = static_cast<uint16_t>((now_ >> 10U) - 2U);
        }
    }
    return true;
}

}  // namespace
}  // namespace mqttsn
