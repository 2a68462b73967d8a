// SPDX-License-Identifier: BSD-3-Clause
//
// What mqttsn-pub and mqttsn-sub share: one client on one socket, the poll loop, connecting again, -W,
// signals, the end. The programs derive from it and say what to do once connected. One thread.
#ifndef MQTTSN_CLIENT_TOOLS_DEVICE_PROGRAM_HPP
#define MQTTSN_CLIENT_TOOLS_DEVICE_PROGRAM_HPP

#include <mqttsn/udp.h>
#include <signal.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "options.hpp"
#include "state_file.hpp"

namespace mqttsn::tools {

/// For the library, which counts at most 2^31 - 1.
std::uint32_t milliseconds(double seconds);

class DeviceProgram {
  public:
    /// @param name     for the one line on stderr
    /// @param options  borrowed
    /// @param queue_length  requests that may wait at a time; at most 254 are
    DeviceProgram(const char* name, const Options& options, std::size_t queue_length);
    virtual ~DeviceProgram();
    DeviceProgram(const DeviceProgram&) = delete;
    DeviceProgram& operator=(const DeviceProgram&) = delete;

    /// Runs to the end. @return the exit code
    int run();

  protected:
    /// After every CONNECTED. `again` = not for the first time.
    virtual void on_connected(bool again) = 0;
    /// Every event that is not about the connection.
    virtual void on_event(const mqttsn_event& event) = 0;
    /// -W is over: call succeed() or fail().
    virtual void on_timeout() = 0;
    /// SIGINT or SIGTERM.
    virtual void on_signal() = 0;
    /// A file that is to be polled now, or -1.
    virtual int input_fd() const { return -1; }
    virtual void on_input() {}
    /// When `deadline` passes; kept until cleared.
    virtual void on_deadline() {}
    /// Connection losses in a row, without progress between, that are put up with.
    virtual unsigned losses_max() const = 0;
    /// False: QoS -1 needs no connection.
    virtual bool wants_connection() const { return true; }
    /// A message of ours is in the queue, and so in the file of --state.
    virtual bool unfinished() const { return false; }

    /// Ends properly: DISCONNECT if connected, then run() returns.
    void succeed();
    /// The same with one line on stderr: what, and what to do.
    void fail(const std::string& text, int exit_code = kExitFailed);
    /// What the kernel knows about the way to the gateway.
    enum class Reach {
        unknown,  ///< no refusal came
        moved,  ///< the address refused (ICMP port unreachable), the next one of the host name is taken: send
                ///< again
        nobody,  ///< refused, and there is no other address
    };
    Reach check_reach();
    /// "HOST port PORT".
    std::string gateway_text() const;
    bool ever_connected() const { return connected_before_; }
    std::string lost_text(int reason) const;
    /// Something got through: losses before it do not count any more.
    void note_progress() { losses_ = 0; }
    void set_deadline(std::uint32_t ms_from_now) { deadline_ = mqttsn_udp_now() + ms_from_now; }
    void clear_deadline() { deadline_.reset(); }

    const Options& options() const { return options_; }
    mqttsn_client& client() { return client_; }
    mqttsn_udp& udp() { return udp_; }

  private:
    void configure();
    bool open();
    bool open_group();
    bool open_socket();
    bool resolve();
    bool start();
    bool begin();
    void watch_datagrams();
    void give_up_search();
    void store_state();
    void say(const std::string& text) const;
    void note_outage(const std::string& text);
    void finish(int exit_code);
    void drain();
    void handle(const mqttsn_event& event);
    void handle_closing(const mqttsn_event& event);
    void connection_ended(const mqttsn_event& event);
    void connect_later(std::uint32_t wait_ms);
    void check_timers();
    int poll_timeout() const;
    static void on_datagram(void* self, bool sent, const void* datagram, std::size_t octets);

    const char* name_;
    const Options& options_;
    mqttsn_client client_{};
    mqttsn_config config_{};
    mqttsn_will will_{};
    mqttsn_udp udp_{};
    std::vector<std::string> addresses_;  // of the host name, numeric
    std::size_t address_ = 0;
    std::uint32_t refused_count_ = 0;
    std::vector<mqttsn_slot> queue_;
    std::array<mqttsn_inbound, 64> inbound_{};
    std::vector<mqttsn_gateway> gateways_;
    std::vector<std::uint8_t> topics_;
    std::vector<std::uint8_t> buffer_;
    std::optional<StateFile> state_;
    std::vector<std::uint8_t> blob_;  // what was restored; the library may point into it
    std::string state_problem_;
    bool stored_ = true;  // the file is as the session
    std::uint32_t started_ = 0;
    std::optional<std::uint32_t> search_by_;  // a gateway must be found
    std::optional<std::uint32_t> deadline_;
    std::optional<std::uint32_t> connect_at_;
    std::optional<std::uint32_t> close_by_;
    unsigned losses_ = 0;
    int exit_code_ = 0;
    bool connected_before_ = false;
    bool session_kept_ = false;  // connected with clean session off although the user wants no session kept
    bool timed_out_ = false;
    bool outage_ = false;  // and it was said
    bool done_ = false;
};

}  // namespace mqttsn::tools

#endif
