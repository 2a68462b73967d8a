// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/broker/direct_link.hpp"

#include <algorithm>
#include <utility>

#include "gateway/broker/tcp_socket.hpp"

namespace mqttsn::gateway {
namespace {

constexpr std::uint32_t kBrokenWriteMs = 1000;  // patience for the read side to say why the write side broke

Bytes view(const std::vector<std::uint8_t>& octets) {
    return Bytes{octets.data(), octets.size()};
}
Bytes rest_of(Bytes octets, std::size_t taken) {
    return Bytes{octets.data + taken, octets.size - taken};
}

}  // namespace

DirectLink::DirectLink(DirectShared& shared, DirectLinkOwner& owner, LinkId id, mqtt::OctetBuffer greeting)
    : shared_(shared), owner_(owner), id_(id), out_(std::move(greeting)) {
    tcp_.data = this;
}

// ---- connecting ----

void DirectLink::connect_to(const sockaddr_storage& address, bool another_follows) {
    state_ = State::connecting;
    uv_tcp_init(shared_.loop, &tcp_);  // makes no socket yet and cannot fail
    tcp_.data = this;
    handle_open_ = true;
    request_.connect = uv_connect_t{};
    request_.connect.data = this;
    const int error = connect_tcp(tcp_, request_.connect, address, on_connect);
    if (error != 0) {
        attempt_over(error);
        return;
    }
    owner_.set_deadline(*this, another_follows ? shared_.options.connect_attempt_ms : 0);
}

void DirectLink::attempt_over(int error) {
    attempt_error_ = error;
    owner_.set_deadline(*this, 0);
    close_handle(false);
}

void DirectLink::on_connect(uv_connect_t* request, int status) {
    auto& self = *static_cast<DirectLink*>(request->data);
    if (uv_is_closing(self.handle()) != 0) {
        return;
    }
    if (status != 0) {
        self.attempt_over(status);
    } else {
        self.after_connect();
    }
}

void DirectLink::after_connect() {
    owner_.set_deadline(*this, 0);
    owner_.link_connected(*this);
    const int error = uv_read_start(stream(), on_alloc, on_read);
    if (error != 0) {
        end(LinkCloseReason::unreachable, uv_strerror(error));
        return;
    }
    if (shared_.tls == nullptr) {
        start_greeting();
        return;
    }
    state_ = State::securing;
    tls_ = std::make_unique<TlsStream>(*shared_.tls, shared_.options.url.host,
                                       shared_.options.url.host_is_address);
    if (tls_->feed(Bytes{}, sealed_) == TlsStream::State::failed) {
        tls_over();
        return;
    }
    write_out();
}

/// CONNECT is the first thing in out_ since the link was made.
void DirectLink::start_greeting() {
    state_ = State::greeting;
    pump();
}

// ---- ending ----

void DirectLink::close_handle(bool reset) {
    if (uv_is_closing(handle()) != 0) {
        return;
    }
    if (!reset || uv_tcp_close_reset(&tcp_, on_handle_closed) != 0) {
        uv_close(handle(), on_handle_closed);
    }
}

void DirectLink::on_handle_closed(uv_handle_t* handle) {
    auto& self = *static_cast<DirectLink*>(handle->data);
    self.handle_open_ = false;
    if (self.state_ == State::ended) {
        self.owner_.link_ended(self);
        return;
    }
    self.state_ = State::waiting;
    self.owner_.link_attempt_failed(self, self.attempt_error_);
}

void DirectLink::end(LinkCloseReason reason, std::string detail) {
    if (state_ == State::ended) {
        return;
    }
    state_ = State::ended;
    outcome_.reason = reason;
    outcome_.detail = std::move(detail);
    owner_.set_deadline(*this, 0);
    owner_.link_connect_done(*this);
    if (handle_open_) {
        // A peer that does not read would keep the kernel busy with what it has taken from us.
        close_handle(reason == LinkCloseReason::write_overflow);
    } else {
        owner_.link_ended_without_handle(*this);
    }
}

void DirectLink::refuse(std::uint8_t code) {
    outcome_.refused = true;
    outcome_.connect_code = code;
    end(LinkCloseReason::unreachable, "");
}

void DirectLink::drain() {
    if (state_ == State::draining) {
        return;
    }
    if ((state_ != State::greeting && state_ != State::open) || write_broken_) {
        end(LinkCloseReason::requested, "");  // no CONNECT has been sent, or nothing can be sent any more
        return;
    }
    set_reading(true);  // or the broker's end would not be noticed
    state_ = State::draining;
    owner_.link_connect_done(*this);
    owner_.set_deadline(*this, shared_.options.drain_ms);
    mqtt::encode_disconnect(out_);
    if (!seal()) {
        return;
    }
    if (tls_ != nullptr) {
        tls_->close_notify(sealed_);  // in one write with DISCONNECT: the broker may close then
    }
    write_out();
}

void DirectLink::set_reading(bool on) {
    if (state_ != State::open) {
        return;
    }
    on ? uv_read_start(stream(), on_alloc, on_read) : uv_read_stop(stream());  // UV_EALREADY is fine
}

void DirectLink::on_deadline() {
    if (state_ == State::connecting) {
        attempt_over(UV_ETIMEDOUT);
    } else if (state_ == State::draining) {
        end(LinkCloseReason::requested, "the broker did not close its side");
    } else if (write_broken_) {
        peer_gone(UV_EPIPE);
    }
}

/// `error`: UV_EOF or what reading said.
void DirectLink::peer_gone(int error) {
    const std::string what = error == UV_EOF ? "the broker closed the connection" : uv_strerror(error);
    switch (state_) {
        case State::open:
            end(LinkCloseReason::closed_by_peer, what);
            break;
        case State::securing:
            end(LinkCloseReason::unreachable, what + " during the TLS handshake");
            break;
        case State::greeting:
            end(LinkCloseReason::unanswered, what + " before CONNACK");
            break;
        default:
            end(LinkCloseReason::requested, "");
            break;
    }
}

// ---- writing ----

std::size_t DirectLink::queued_octets() const {
    const std::size_t with_libuv =
        writing_ ? uv_stream_get_write_queue_size(reinterpret_cast<const uv_stream_t*>(&tcp_)) : 0;
    return out_.size() + sealed_.size() + with_libuv;
}

bool DirectLink::queue(const mqtt::Packet& packet) {
    if (write_broken_) {
        return true;  // lost like all that was still under way; the end of the link is about to be reported
    }
    const std::size_t waiting = queued_octets();
    if (!mqtt::encode_packet(packet, out_)) {
        ++shared_.counters.unencodable;
        return false;
    }
    ++shared_.counters.packets_out;
    if (out_.size() >= kEagerOctets || queued_octets() > shared_.options.write_queue_max) {
        pump();
    }
    if (usable() && waiting > 0 && queued_octets() > shared_.options.write_queue_max) {
        end(LinkCloseReason::write_overflow, "the broker does not read: the write queue is full");
        return false;
    }
    owner_.link_queue_changed(*this);
    return true;
}

void DirectLink::pump() {
    if (connected() && !write_broken_ && seal()) {
        write_out();
    }
}

/// With TLS: makes records of what is queued. False when TLS has failed, and the link has ended of that.
bool DirectLink::seal() {
    if (tls_ == nullptr || state_ == State::securing || out_.empty()) {
        return true;
    }
    const bool ok = tls_->write(view(out_), sealed_);
    out_.clear();
    trim(out_);
    if (!ok) {
        tls_over();
    }
    return ok;
}

void DirectLink::write_out() {
    std::vector<std::uint8_t>& ready = tls_ != nullptr ? sealed_ : out_;
    if (writing_ || write_broken_ || ready.empty() || !connected()) {
        finish_sending();
        return;
    }
    uv_buf_t buffer = uv_buf_init(reinterpret_cast<char*>(ready.data()), static_cast<unsigned>(ready.size()));
    int written = uv_try_write(stream(), &buffer, 1);
    if (written == UV_EAGAIN) {
        written = 0;
    }
    if (written < 0) {
        write_failed(written);
        return;
    }
    shared_.counters.octets_out += static_cast<unsigned>(written);
    if (static_cast<std::size_t>(written) == ready.size()) {
        ready.clear();
        trim(ready);
    } else {
        in_flight_.swap(ready);  // ready gets the old, empty buffer
        buffer.base = reinterpret_cast<char*>(in_flight_.data()) + written;
        buffer.len = in_flight_.size() - static_cast<std::size_t>(written);
        request_.write = uv_write_t{};
        request_.write.data = this;
        const int error = uv_write(&request_.write, stream(), &buffer, 1, on_written);
        if (error != 0) {
            write_failed(error);
            return;
        }
        shared_.counters.octets_out += buffer.len;
        writing_ = true;
    }
    owner_.link_queue_changed(*this);
    finish_sending();
}

void DirectLink::on_written(uv_write_t* request, int status) {
    auto& self = *static_cast<DirectLink*>(request->data);
    self.writing_ = false;
    self.in_flight_.clear();
    self.trim(self.in_flight_);
    if (uv_is_closing(self.handle()) != 0) {
        return;
    }
    if (status != 0) {
        self.write_failed(status);
        return;
    }
    self.owner_.link_queue_changed(self);
    self.pump();
}

/// The broker may have said why before it closed (a refusal, say), so what it sent is read first.
void DirectLink::write_failed(int error) {
    write_broken_ = true;
    out_.clear();
    sealed_.clear();
    if (state_ == State::draining) {
        end(LinkCloseReason::requested, uv_strerror(error));
    } else {
        owner_.set_deadline(*this, kBrokenWriteMs);
    }
}

/// After the last octet of a draining link: our side of the connection is done.
void DirectLink::finish_sending() {
    if (state_ != State::draining || shutdown_sent_ || writing_ || !out_.empty() || !sealed_.empty()) {
        return;
    }
    shutdown_sent_ = true;
    request_.shutdown = uv_shutdown_t{};
    if (uv_shutdown(&request_.shutdown, stream(), [](uv_shutdown_t*, int) {}) != 0) {
        end(LinkCloseReason::requested, "");
    }
}

/// Ten thousand idle links shall not keep the memory of their busiest moment.
void DirectLink::trim(std::vector<std::uint8_t>& buffer) {
    if (buffer.empty() && buffer.capacity() > kKeptCapacity) {
        std::vector<std::uint8_t>().swap(buffer);
    }
}

// ---- reading ----

void DirectLink::on_alloc(uv_handle_t* handle, std::size_t /*suggested*/, uv_buf_t* buffer) {
    auto& self = *static_cast<DirectLink*>(handle->data);
    if (self.read_turn_ != self.shared_.turn) {
        self.read_turn_ = self.shared_.turn;
        self.reads_this_turn_ = 0;
    }
    if (++self.reads_this_turn_ > kReadsPerTurn) {
        *buffer = uv_buf_init(nullptr, 0);  // the others first; libuv comes back in the next turn
        return;
    }
    *buffer = uv_buf_init(self.shared_.read_buffer.data(), DirectShared::kReadOctets);
}

void DirectLink::on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
    auto& self = *static_cast<DirectLink*>(stream->data);
    if (count == 0 || count == UV_ENOBUFS) {
        return;
    }
    if (count < 0) {
        self.peer_gone(static_cast<int>(count));
        return;
    }
    const auto size = static_cast<std::size_t>(count);
    self.shared_.counters.octets_in += size;
    if (self.state_ == State::draining) {
        return;  // nobody wants it any more; we only wait for the end
    }
    const Bytes octets{reinterpret_cast<const std::uint8_t*>(buffer->base), size};
    if (self.tls_ != nullptr) {
        self.take_tls(octets);
    } else {
        self.take(octets);
    }
}

void DirectLink::take_tls(Bytes octets) {
    while (!octets.empty() && connected() && usable()) {
        const std::size_t piece = std::min(octets.size, TlsStream::kFeedMax);
        const TlsStream::State now = tls_->feed(Bytes{octets.data, piece}, sealed_);
        octets = rest_of(octets, piece);
        if (now == TlsStream::State::ready && state_ == State::securing) {
            start_greeting();
        }
        read_plain();
        if (usable() && tls_->state() != TlsStream::State::ready &&
            tls_->state() != TlsStream::State::handshaking) {
            tls_over();
            return;
        }
    }
    write_out();  // handshake messages
}

void DirectLink::read_plain() {
    while (connected() && usable()) {
        std::vector<std::uint8_t>& plain = shared_.plain_buffer;
        const std::size_t count = tls_->read(plain.data(), plain.size(), sealed_);
        if (count == 0) {
            return;
        }
        take(Bytes{plain.data(), count});
    }
}

/// TLS has ended, with an alert to be sent perhaps.
void DirectLink::tls_over() {
    write_out();
    if (!usable()) {
        end(LinkCloseReason::requested, "");
    } else if (tls_->state() == TlsStream::State::closed) {
        peer_gone(UV_EOF);
    } else {
        end(state_ == State::open ? LinkCloseReason::protocol_error : LinkCloseReason::unreachable,
            tls_->error());
    }
}

/// Decrypted octets in the order of the stream. Whole packets are decoded where they lie; only a packet that
/// has not arrived completely is copied.
void DirectLink::take(Bytes octets) {
    while (!octets.empty() && connected() && usable()) {
        if (skip_ > 0) {
            const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, octets.size));
            skip_ -= skipped;
            octets = rest_of(octets, skipped);
            if (skip_ == 0 &&
                !handle_packet(mqtt::decode(view(partial_), shared_.options.remaining_length_max))) {
                return;
            }
            continue;
        }
        if (!partial_.empty()) {
            if (!take_from_partial(octets)) {
                return;
            }
            continue;
        }
        const mqtt::Decoded decoded = mqtt::decode(octets, shared_.options.remaining_length_max);
        if (decoded.status == mqtt::DecodeStatus::need_more) {
            partial_.assign(octets.begin(), octets.end());
            partial_need_ = decoded.size;
            return;
        }
        if (decoded.status != mqtt::DecodeStatus::error && decoded.size > octets.size) {
            partial_.assign(octets.begin(), octets.begin() + decoded.head_size);
            skip_ = decoded.size - octets.size;
            return;
        }
        if (!handle_packet(decoded)) {
            return;
        }
        octets = rest_of(octets, decoded.size);
    }
}

/// Completes the packet in partial_ with no more of `octets` than it needs. False when there is nothing left
/// to do.
bool DirectLink::take_from_partial(Bytes& octets) {
    const std::size_t count = std::min(partial_need_ - partial_.size(), octets.size);
    partial_.insert(partial_.end(), octets.begin(), octets.begin() + count);
    octets = rest_of(octets, count);
    if (partial_.size() < partial_need_) {
        return false;
    }
    const mqtt::Decoded decoded = mqtt::decode(view(partial_), shared_.options.remaining_length_max);
    if (decoded.status == mqtt::DecodeStatus::need_more) {
        partial_need_ = decoded.size;
        return true;
    }
    if (decoded.status != mqtt::DecodeStatus::error && decoded.size > partial_.size()) {
        skip_ = decoded.size - partial_.size();
        return true;
    }
    return handle_packet(decoded);
}

/// `decoded` may point into partial_, which is empty afterwards. False when the link has ended.
bool DirectLink::handle_packet(const mqtt::Decoded& decoded) {
    const bool going_on = deliver(decoded);
    partial_.clear();
    trim(partial_);
    return going_on;
}

bool DirectLink::deliver(const mqtt::Decoded& decoded) {
    const bool connack = decoded.status == mqtt::DecodeStatus::connack;
    if (decoded.status == mqtt::DecodeStatus::error) {
        end(LinkCloseReason::protocol_error, decoded.error);
        return false;
    }
    if (connack != (state_ == State::greeting)) {
        end(LinkCloseReason::protocol_error, connack ? "a second CONNACK" : "a packet before CONNACK");
        return false;
    }
    ++shared_.counters.packets_in;
    if (!connack) {
        shared_.counters.oversize_publishes += decoded.packet.oversize ? 1U : 0U;
        owner_.link_packet(*this, decoded.packet);
    } else if (decoded.connect_code != 0) {
        refuse(decoded.connect_code);
        return false;
    } else {
        state_ = State::open;
        was_open_ = true;
        owner_.link_connect_done(*this);
        owner_.link_opened(*this, decoded.session_present);
    }
    return usable();
}

}  // namespace mqttsn::gateway
