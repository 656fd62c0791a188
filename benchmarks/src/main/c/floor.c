/* The least that answering an HTTP request can cost: one thread, one epoll loop, one read and one write for each request,
   and an answer that is always the same. It trusts that each read brings one whole request. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER "HTTP/1.1 204 No Content\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nCache-Control: no-store\r\n\r\n"

static void watch(int epoll, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int main(int count, char **arguments) {
    if (count < 2) return 2;
    int port = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), yes = 1, epoll = epoll_create1(0);
    setsockopt(port, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t) atoi(arguments[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(port, (struct sockaddr *) &address, sizeof address) || listen(port, 4096)) return 1;
    watch(epoll, port);
    static struct epoll_event events[256];
    static char request[16384];
    for (;;) {
        int ready = epoll_wait(epoll, events, 256, -1);
        for (int at = 0; at < ready; at++) {
            int fd = events[at].data.fd;
            if (fd == port) {
                for (int client; (client = accept4(port, NULL, NULL, SOCK_NONBLOCK)) >= 0;) watch(epoll, client);
                continue;
            }
            ssize_t length = read(fd, request, sizeof request - 1);
            if (length > 0) {
                request[length] = 0;
                length = write(fd, ANSWER, sizeof ANSWER - 1);
            }
            if (length <= 0 || strstr(request, "Connection: close")) close(fd);
        }
    }
}
