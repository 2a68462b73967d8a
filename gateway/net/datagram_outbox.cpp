// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/net/datagram_outbox.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

namespace mqttsn::gateway {
namespace {

bool has_to_wait(int error) {
    return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS;
}

}  // namespace

DatagramOutbox::DatagramOutbox() : octets_(std::make_unique<std::uint8_t[]>(kOctets)) {
    for (std::size_t i = 0; i < kBatch; ++i) {
        messages_[i].msg_hdr.msg_name = &addresses_[i];
        messages_[i].msg_hdr.msg_iov = &pieces_[i];
        messages_[i].msg_hdr.msg_iovlen = 1;
    }
}

void DatagramOutbox::attach(int descriptor) {
    descriptor_ = descriptor;
    count_ = used_ = 0;
    waiting_.clear();
    waiting_octets_ = 0;
}

void DatagramOutbox::add(const SocketAddress& to, Bytes datagram) {
    if (datagram.size > kOctets) {
        ++counters_.send_errors;  // no UDP datagram is that large
        return;
    }
    if (count_ == kBatch || kOctets - used_ < datagram.size) {
        flush();
    }
    std::uint8_t* const place = octets_.get() + used_;
    if (!datagram.empty()) {
        std::memcpy(place, datagram.data, datagram.size);
    }
    used_ += datagram.size;
    std::memcpy(&addresses_[count_], &to.storage, to.length);
    messages_[count_].msg_hdr.msg_namelen = to.length;
    pieces_[count_] = iovec{place, datagram.size};
    ++count_;
}

void DatagramOutbox::flush() {
    const std::size_t count = std::exchange(count_, 0);
    used_ = 0;
    if (count == 0 || descriptor_ < 0) {
        return;
    }
    if (waiting()) {  // they come first
        for (std::size_t i = 0; i < count; ++i) {
            keep(messages_[i].msg_hdr);
        }
        return;
    }
    send(count);
}

/// A datagram that cannot be sent at all does not hold up those behind it.
void DatagramOutbox::send(std::size_t count) {
    std::size_t next = 0;
    while (next < count) {
        const int taken =
            ::sendmmsg(descriptor_, &messages_[next], static_cast<unsigned>(count - next), MSG_DONTWAIT);
        if (taken > 0) {
            for (const std::size_t end = next + static_cast<std::size_t>(taken); next < end; ++next) {
                ++counters_.sent;
                counters_.sent_octets += pieces_[next].iov_len;
            }
        } else if (taken < 0 && has_to_wait(errno)) {
            for (; next < count; ++next) {
                keep(messages_[next].msg_hdr);
            }
        } else if (taken == 0 || errno != EINTR) {
            ++counters_.send_errors;
            ++next;
        }
    }
}

void DatagramOutbox::keep(const msghdr& message) {
    const iovec& piece = message.msg_iov[0];
    if (waiting_octets_ + piece.iov_len + kEntryOctets > kWaitingOctetsMax) {
        ++counters_.send_dropped;
        return;
    }
    const auto* const octets = static_cast<const std::uint8_t*>(piece.iov_base);
    Waiting& kept = waiting_.emplace_back();
    std::memcpy(&kept.to.storage, message.msg_name, message.msg_namelen);
    kept.to.length = message.msg_namelen;
    kept.octets.assign(octets, octets + piece.iov_len);
    waiting_octets_ += piece.iov_len + kEntryOctets;
    ++counters_.send_queued;
}

void DatagramOutbox::flush_waiting() {
    while (waiting()) {
        const Waiting& first = waiting_.front();
        const ssize_t sent = ::sendto(descriptor_, first.octets.data(), first.octets.size(), MSG_DONTWAIT,
                                      first.to.get(), first.to.length);
        if (sent < 0 && has_to_wait(errno)) {
            return;
        }
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent < 0) {
            ++counters_.send_errors;
        } else {
            ++counters_.sent;
            counters_.sent_octets += first.octets.size();
        }
        waiting_octets_ -= first.octets.size() + kEntryOctets;
        waiting_.pop_front();
    }
}

}  // namespace mqttsn::gateway
