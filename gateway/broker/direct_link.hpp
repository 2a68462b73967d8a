// SPDX-License-Identifier: BSD-3-Clause
//
// One MQTT connection of the engine `direct`: TCP, TLS if asked for, the octets of unfinished packets, the
// write queue. Internal to the engine, which owns the links, decides when they start and talks to the
// listener. Loop thread only.
//
// States: waiting -> connecting -> (securing) -> greeting -> open -> draining -> ended; from each straight to
// ended. Nothing here calls the owner from inside connect_to(), queue(), pump(), drain() or end(): what these
// find out is told from a callback of the loop.
#ifndef GATEWAY_BROKER_DIRECT_LINK_HPP
#define GATEWAY_BROKER_DIRECT_LINK_HPP

#include <sys/socket.h>
#include <uv.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gateway/broker/direct_options.hpp"
#include "gateway/broker/mqtt_codec.hpp"
#include "gateway/broker/resolver.hpp"
#include "gateway/core/link.hpp"

namespace mqttsn::gateway {

class DirectLink;

/// The engine, as its links see it.
class DirectLinkOwner {
  public:
    /// Its handle is closed and state() is ended: report it and delete it.
    virtual void link_ended(DirectLink& link) = 0;
    /// As link_ended(), but there was no handle to close: to be called back later, not now.
    virtual void link_ended_without_handle(DirectLink& link) = 0;
    /// The address did not work (libuv error code); the handle is closed, connect_to() may be called again.
    virtual void link_attempt_failed(DirectLink& link, int error) = 0;
    virtual void link_connected(DirectLink& link) = 0;
    virtual void link_opened(DirectLink& link, bool session_present) = 0;
    virtual void link_packet(DirectLink& link, const mqtt::Packet& packet) = 0;
    /// No longer between the start of TCP and CONNACK. May be called from anywhere: only takes a note.
    virtual void link_connect_done(DirectLink& link) = 0;
    /// The write queue got longer or shorter. May be called from anywhere: only takes a note.
    virtual void link_queue_changed(DirectLink& link) = 0;
    /// on_deadline() after `ms`, replacing an earlier one; 0 = never. May be called from anywhere.
    virtual void set_deadline(DirectLink& link, std::uint32_t ms) = 0;

  protected:
    ~DirectLinkOwner() = default;
};

/// What all links of one engine share.
struct DirectShared {
    static constexpr std::size_t kReadOctets = 65536;
    static constexpr std::size_t kPlainOctets = 16384;  // one TLS record

    uv_loop_t* loop = nullptr;
    DirectOptions options;
    DirectCounters counters;
    std::unique_ptr<TlsContext> tls;
    std::uint64_t turn = 0;  ///< counts turns of the loop
    std::vector<char> read_buffer = std::vector<char>(kReadOctets);
    std::vector<std::uint8_t> plain_buffer;  ///< kPlainOctets with TLS
};

class DirectLink {
  public:
    enum class State : std::uint8_t { waiting, connecting, securing, greeting, open, draining, ended };

    struct Outcome {
        bool refused = false;
        std::uint8_t connect_code = 0;
        LinkCloseReason reason = LinkCloseReason::requested;
        std::string detail;
    };

    /// `greeting` are the octets of CONNECT.
    DirectLink(DirectShared& shared, DirectLinkOwner& owner, LinkId id, mqtt::OctetBuffer greeting);
    DirectLink(const DirectLink&) = delete;
    DirectLink& operator=(const DirectLink&) = delete;

    LinkId id() const { return id_; }
    State state() const { return state_; }
    bool was_open() const { return was_open_; }
    bool usable() const { return state_ != State::draining && state_ != State::ended; }
    const Outcome& outcome() const { return outcome_; }

    void connect_to(const sockaddr_storage& address, bool another_follows);
    /// Appends a packet to the write queue; false when that ended the link (write_overflow) or it cannot be
    /// encoded.
    bool queue(const mqtt::Packet& packet);
    /// Writes what is queued, as far as the kernel takes it.
    void pump();
    /// Sends what is queued and DISCONNECT, then waits for the peer to close.
    void drain();
    /// Back-pressure, while open.
    void set_reading(bool on);
    /// Closes at once. The first outcome counts.
    void end(LinkCloseReason reason, std::string detail);
    void on_deadline();
    /// Octets that wait to be sent.
    std::size_t queued_octets() const;

    // Notes of the owner.
    std::shared_ptr<const Addresses> addresses;
    std::size_t attempt = 0;
    std::string failures;              ///< of the attempts so far
    std::uint64_t waiting_number = 0;  ///< in the owner's queue while waiting, else 0
    std::uint64_t started_us = 0;      ///< when this attempt to connect began
    std::uint64_t deadline_ms = 0;     ///< 0 = none
    bool counted_as_connecting = false;
    bool dirty = false;             ///< in the owner's list of links to flush
    bool congestion_noted = false;  ///< in the owner's list of links to look at
    bool congested = false;         ///< as told to the listener

  private:
    static constexpr std::size_t kEagerOctets = 65536;
    static constexpr std::size_t kKeptCapacity = 4096;
    static constexpr unsigned kReadsPerTurn = 4;

    uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&tcp_); }
    uv_handle_t* handle() { return reinterpret_cast<uv_handle_t*>(&tcp_); }
    bool connected() const { return state_ >= State::securing && state_ <= State::draining; }

    static void on_connect(uv_connect_t* request, int status);
    static void on_alloc(uv_handle_t* handle, std::size_t suggested, uv_buf_t* buffer);
    static void on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer);
    static void on_written(uv_write_t* request, int status);
    static void on_handle_closed(uv_handle_t* handle);

    void attempt_over(int error);
    void after_connect();
    void start_greeting();
    void close_handle(bool reset);
    void refuse(std::uint8_t code);
    void peer_gone(int error);
    void write_failed(int error);
    bool seal();
    void write_out();
    void finish_sending();
    void take_tls(Bytes octets);
    void read_plain();
    void tls_over();
    void take(Bytes octets);
    bool take_from_partial(Bytes& octets);
    bool handle_packet(const mqtt::Decoded& decoded);
    bool deliver(const mqtt::Decoded& decoded);
    void trim(std::vector<std::uint8_t>& buffer);

    DirectShared& shared_;
    DirectLinkOwner& owner_;
    LinkId id_;
    State state_ = State::waiting;
    bool handle_open_ = false;
    bool writing_ = false;       ///< request_.write is with libuv
    bool write_broken_ = false;  ///< the kernel refused to write; what can still be read is read
    bool shutdown_sent_ = false;
    bool was_open_ = false;
    int attempt_error_ = 0;
    unsigned reads_this_turn_ = 0;
    std::uint64_t read_turn_ = 0;
    Outcome outcome_;

    std::unique_ptr<TlsStream> tls_;
    mqtt::OctetBuffer out_;                ///< MQTT octets not yet given to TCP or TLS
    std::vector<std::uint8_t> sealed_;     ///< with TLS: records not yet given to TCP
    std::vector<std::uint8_t> in_flight_;  ///< with libuv
    std::vector<std::uint8_t> partial_;    ///< the beginning of a packet
    std::size_t partial_need_ = 0;         ///< octets of partial_ with which decoding goes on
    std::uint64_t skip_ = 0;  ///< payload of an oversize PUBLISH still to come; its head is in partial_

    uv_tcp_t tcp_{};
    /// One after the other: nothing is written before the connection stands, nor after its end was announced.
    union {
        uv_connect_t connect;
        uv_write_t write;
        uv_shutdown_t shutdown;
    } request_{};
};

}  // namespace mqttsn::gateway

#endif
