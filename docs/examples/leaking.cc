// SPDX-License-Identifier: MIT
// A server that keeps a session for each client that is logged in. Logging out takes the session from the
// table and forgets to delete it.
//
// usage: leaking [serve]     with "serve" until the standard input ends, else 50 000 clients
#include <cstring>
#include <poll.h>
#include <string>
#include <unistd.h>
#include <unordered_map>
#include <vector>

struct Session {
    std::string user;
    std::vector<char> cart;
};

class Server {
  public:
    void log_in(const std::string& user) {
        auto* session = new Session{.user = user, .cart = {}};
        session->cart.resize(700);
        sessions_[user] = session;
    }
    void log_out(const std::string& user) { sessions_.erase(user); }

  private:
    std::unordered_map<std::string, Session*> sessions_;
};

int main(int count, char** arguments) {
    Server server;
    const bool serves = count > 1 && std::strcmp(arguments[1], "serve") == 0;
    pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    for (int client = 0; serves ? poll(&input, 1, client % 20 == 0 ? 1 : 0) == 0 : client < 50'000;
         ++client) {
        const std::string user = "client number " + std::to_string(client);
        server.log_in(user);
        server.log_out(user);
    }
}
