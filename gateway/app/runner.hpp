// SPDX-License-Identifier: BSD-3-Clause
//
// The loop that joins the parts: datagrams, packets and time go into the core; its outputs go to the sockets,
// the engine, the gateway's own session and the log. It decides nothing about the protocol. Loop thread only.
#ifndef GATEWAY_APP_RUNNER_HPP
#define GATEWAY_APP_RUNNER_HPP

#include <memory>
#include <string>

#include "gateway/app/cli.hpp"
#include "gateway/app/config.hpp"
#include "gateway/app/log.hpp"

namespace mqttsn::gateway {

class Runner {
  public:
    /// `options` are kept for SIGHUP, which reads the file again.
    Runner(const Config& config, const CliOptions& options, Log& log);
    ~Runner();
    Runner(const Runner&) = delete;
    Runner& operator=(const Runner&) = delete;

    /// Binds, then runs until SIGTERM or SIGINT.
    /// @return kExitDone, or kExitFailed after one line in the log that says what and what to do.
    int run();

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace mqttsn::gateway

#endif
