/*
 * A disk with a volatile write cache, in user space, whose power can be cut.
 *
 *     disk MOUNTPOINT IMAGE SEED FLUSH_US
 *
 * Serves one file, MOUNTPOINT/disk, through FUSE (spoken directly over /dev/fuse: no library). A
 * loop device on that file is a disk: the kernel's loop driver turns every write of a sector into
 * FUSE_WRITE and every cache flush (REQ_OP_FLUSH, which fdatasync ends in, and which FUA is turned
 * into) into FUSE_FSYNC. A write is answered at once and kept in the cache; what was answered before
 * a flush came is durable when that flush is answered, up to FLUSH_US microseconds later.
 *
 * IMAGE is read once and never written. Commands are lines on standard input, answers are lines on
 * standard output:
 *
 *     cut N FILE   after N more events (a write answered, a flush begun, a flush answered), or when
 *                  `now` comes, write to FILE what the disk would hold if the power went. Several
 *                  may wait; each counts on its own.
 *                  -> "cut FILE TIME_NS CACHED LOST MODE": CLOCK_MONOTONIC of that instant, sectors in
 *                  the cache, those of them that were lost, and how they were chosen
 *     now          make all cuts that wait
 *     count        -> "count EVENTS"
 *
 * What survives a cut is what is durable, and of the cache, whatever a disk may have written already:
 * nothing, all, each write or not, each sector or not, each 4 KiB or not, a prefix with its last
 * write torn, all but one write, one write. A sector of 512 bytes is old or new, never a mixture. The
 * process that writes does not notice a cut and goes on: a cut is a look at the disk.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { SECTOR = 512, PAGE = 4096, WRITE_MAX = 1 << 20, FILE_NODE = 2, CUTS_MAX = 64 };

struct cached { uint64_t offset; uint32_t length; unsigned char *bytes; };
struct flush { uint64_t unique, covers, due_ns; };
struct cut { uint64_t at; char file[400]; };

static int device;
static uint64_t size, events, seed, flush_us;
static unsigned char *durable, *current, *touched;
static struct cached *cache;
static uint64_t cache_count, cache_room, cache_dropped; /* cache_dropped: moved out so far */
static struct flush flushes[256];
static unsigned flush_count;
static struct cut cuts[CUTS_MAX];
static unsigned cut_count;

static void die(const char *what) { perror(what); exit(1); }

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* splitmix64 */
static uint64_t chance(uint64_t below) {
    uint64_t z = (seed += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % below;
}

static void reply(uint64_t unique, int error, const void *body, size_t length) {
    struct fuse_out_header head = { .len = (uint32_t)(sizeof head + length), .error = -error, .unique = unique };
    struct iovec parts[2] = { { &head, sizeof head }, { (void *)body, length } };
    /* ENOENT: whoever asked was interrupted and waits no more. */
    if (writev(device, parts, length ? 2 : 1) < 0 && errno != ENOENT) die("disk: reply");
}

static void put(int file, const unsigned char *bytes, size_t length, uint64_t offset) {
    while (length > 0) {
        ssize_t done = pwrite(file, bytes, length, (off_t)offset);
        if (done <= 0) die("disk: writing a cut");
        bytes += done, length -= (size_t)done, offset += (uint64_t)done;
    }
}

static const char *const MODES[] = { "nothing", "all", "writes", "sectors", "pages", "prefix", "all-but-one", "one" };

static void make_cut(const struct cut *cut) {
    uint64_t at = now_ns(), cached = 0, kept = 0;
    uint64_t mode = chance(sizeof MODES / sizeof *MODES), edge = cache_count ? chance(cache_count) : 0;
    int file = open(cut->file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, (off_t)size) != 0) die("disk: making a cut");
    for (uint64_t page = 0; page < size / PAGE; page++)
        if (touched[page]) put(file, durable + page * PAGE, PAGE, page * PAGE);
    for (uint64_t n = 0; n < cache_count; n++) {
        const struct cached *write = &cache[n];
        int whole = 0, keep = 0;
        uint64_t tear = UINT64_MAX;
        switch (mode) {
        case 0: whole = 1; break;
        case 1: whole = keep = 1; break;
        case 2: whole = 1, keep = (int)chance(2); break;
        case 5: whole = 1, keep = n < edge; if (n == edge) whole = 0, tear = chance(write->length / SECTOR + 1); break;
        case 6: whole = 1, keep = n != edge; break;
        case 7: whole = 1, keep = n == edge; break;
        }
        uint64_t last_page = UINT64_MAX;
        for (uint32_t from = 0; from < write->length; from += SECTOR) {
            uint64_t place = write->offset + from;
            if (!whole && tear != UINT64_MAX) keep = from / SECTOR < tear;
            else if (!whole && (mode == 3 || place / PAGE != last_page)) keep = (int)chance(2);
            last_page = place / PAGE;
            cached++, kept += (uint64_t)keep;
            if (keep) put(file, write->bytes + from, SECTOR, place);
        }
    }
    if (close(file) != 0) die("disk: closing a cut");
    printf("cut %s %llu %llu %llu %s\n", cut->file, (unsigned long long)at, (unsigned long long)cached,
           (unsigned long long)(cached - kept), MODES[mode]);
    fflush(stdout);
}

static void event(void) {
    events++;
    for (unsigned n = 0; n < cut_count;)
        if (cuts[n].at <= events) {
            struct cut due = cuts[n];
            cuts[n] = cuts[--cut_count];
            make_cut(&due);
        } else n++;
}

static void write_sectors(uint64_t unique, uint64_t offset, const unsigned char *bytes, uint32_t length) {
    if (offset % SECTOR || length % SECTOR || offset > size || length > size - offset) { reply(unique, EINVAL, NULL, 0); return; }
    if (cache_count == cache_room) {
        cache_room = cache_room ? cache_room * 2 : 1024;
        cache = realloc(cache, cache_room * sizeof *cache);
        if (!cache) die("disk: cache");
    }
    struct cached *write = &cache[cache_count++];
    *write = (struct cached){ offset, length, malloc(length) };
    if (!write->bytes) die("disk: cache");
    memcpy(write->bytes, bytes, length);
    memcpy(current + offset, bytes, length);
    struct fuse_write_out out = { .size = length };
    reply(unique, 0, &out, sizeof out);
    event();
}

static void begin_flush(uint64_t unique) {
    if (flush_count == sizeof flushes / sizeof *flushes) { reply(unique, EIO, NULL, 0); return; }
    flushes[flush_count++] = (struct flush){ unique, cache_dropped + cache_count, now_ns() + chance(flush_us * 1000 + 1) };
    event();
}

/* The flush that came first is answered first. */
static void end_flush(void) {
    struct flush flush = flushes[0];
    memmove(flushes, flushes + 1, --flush_count * sizeof *flushes);
    uint64_t moved = 0;
    for (; cache_dropped + moved < flush.covers; moved++) {
        struct cached *write = &cache[moved];
        memcpy(durable + write->offset, write->bytes, write->length);
        memset(touched + write->offset / PAGE, 1, (write->offset + write->length + PAGE - 1) / PAGE - write->offset / PAGE);
        free(write->bytes);
    }
    cache_dropped += moved, cache_count -= moved;
    memmove(cache, cache + moved, cache_count * sizeof *cache);
    reply(flush.unique, 0, NULL, 0);
    event();
}

static struct fuse_attr attributes(uint64_t node) {
    struct fuse_attr attr = { .ino = node, .nlink = 1, .blksize = PAGE };
    if (node == FILE_NODE) attr.mode = S_IFREG | 0600, attr.size = size, attr.blocks = size / 512;
    else attr.mode = S_IFDIR | 0700, attr.nlink = 2;
    return attr;
}

static void answer(const struct fuse_in_header *head, const void *body) {
    uint64_t unique = head->unique;
    switch (head->opcode) {
    case FUSE_INIT: {
        const struct fuse_init_in *in = body;
        struct fuse_init_out out = { .major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION,
            .max_readahead = in->max_readahead, .flags = in->flags & (FUSE_BIG_WRITES | FUSE_MAX_PAGES | FUSE_ASYNC_READ),
            .max_background = 64, .congestion_threshold = 48, .max_write = WRITE_MAX, .time_gran = 1, .max_pages = WRITE_MAX / PAGE };
        if (in->minor < out.minor) out.minor = in->minor;
        reply(unique, 0, &out, sizeof out);
        break;
    }
    case FUSE_LOOKUP: {
        struct fuse_entry_out out = { .nodeid = FILE_NODE, .attr_valid = 3600, .entry_valid = 3600, .attr = attributes(FILE_NODE) };
        if (strcmp(body, "disk") == 0) reply(unique, 0, &out, sizeof out);
        else reply(unique, ENOENT, NULL, 0);
        break;
    }
    case FUSE_GETATTR: case FUSE_SETATTR: {
        struct fuse_attr_out out = { .attr_valid = 3600, .attr = attributes(head->nodeid) };
        reply(unique, 0, &out, sizeof out);
        break;
    }
    case FUSE_OPEN: {
        struct fuse_open_out out = { .fh = 1, .open_flags = FOPEN_DIRECT_IO };
        reply(unique, 0, &out, sizeof out);
        break;
    }
    case FUSE_OPENDIR: {
        struct fuse_open_out out = { .fh = 2 };
        reply(unique, 0, &out, sizeof out);
        break;
    }
    case FUSE_READ: {
        const struct fuse_read_in *in = body;
        uint64_t left = in->offset < size ? size - in->offset : 0;
        reply(unique, 0, current + in->offset, in->size < left ? in->size : left);
        break;
    }
    case FUSE_WRITE: {
        const struct fuse_write_in *in = body;
        write_sectors(unique, in->offset, (const unsigned char *)(in + 1), in->size);
        break;
    }
    case FUSE_FSYNC: begin_flush(unique); break;
    case FUSE_FLUSH: case FUSE_RELEASE: case FUSE_RELEASEDIR: case FUSE_ACCESS: case FUSE_DESTROY:
        reply(unique, 0, NULL, 0);
        break;
    case FUSE_STATFS: {
        struct fuse_statfs_out out = { .st = { .blocks = size / PAGE, .bsize = PAGE, .frsize = PAGE, .namelen = 255 } };
        reply(unique, 0, &out, sizeof out);
        break;
    }
    case FUSE_FORGET: case FUSE_BATCH_FORGET: case FUSE_INTERRUPT: break; /* not to be answered */
    default: reply(unique, ENOSYS, NULL, 0); /* among them FUSE_FALLOCATE: the kernel then writes zeroes */
    }
}

static void load(const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat found;
    if (file < 0 || fstat(file, &found) != 0) die(path);
    size = (uint64_t)found.st_size / PAGE * PAGE;
    durable = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    current = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    touched = calloc(size / PAGE, 1);
    if (durable == MAP_FAILED || current == MAP_FAILED || !touched) die("disk: memory");
    static unsigned char page[PAGE], zero[PAGE];
    for (uint64_t n = 0; n < size / PAGE; n++) {
        if (pread(file, page, PAGE, (off_t)(n * PAGE)) != PAGE) die(path);
        if (memcmp(page, zero, PAGE) == 0) continue;
        memcpy(durable + n * PAGE, page, PAGE);
        memcpy(current + n * PAGE, page, PAGE);
        touched[n] = 1;
    }
    close(file);
}

static void command(char *line) {
    unsigned long long after;
    struct cut cut;
    if (sscanf(line, "cut %llu %399s", &after, cut.file) == 2 && cut_count < CUTS_MAX) {
        cut.at = events + after;
        cuts[cut_count++] = cut;
    } else if (strcmp(line, "now") == 0) {
        while (cut_count > 0) make_cut(&cuts[--cut_count]);
    } else if (strcmp(line, "count") == 0) {
        printf("count %llu\n", (unsigned long long)events);
        fflush(stdout);
    } else {
        fprintf(stderr, "disk: not a command: %s\n", line);
        exit(2);
    }
}

int main(int argc, char **argv) {
    if (argc != 5) { fprintf(stderr, "usage: disk MOUNTPOINT IMAGE SEED FLUSH_US\n"); return 2; }
    seed = strtoull(argv[3], NULL, 10), flush_us = strtoull(argv[4], NULL, 10);
    load(argv[2]);
    device = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (device < 0) die("/dev/fuse");
    char options[120];
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", device);
    if (mount("disk", argv[1], "fuse", MS_NOSUID | MS_NODEV, options) != 0) die("disk: mount");
    size_t room = WRITE_MAX + 2 * PAGE, line_length = 0;
    unsigned char *request = aligned_alloc(PAGE, room);
    char line[512];
    printf("ready\n"), fflush(stdout);
    for (;;) {
        struct pollfd waits[2] = { { device, POLLIN, 0 }, { 0, POLLIN, 0 } };
        uint64_t now = now_ns();
        while (flush_count > 0 && flushes[0].due_ns <= now) end_flush();
        struct timespec left = { 0, 0 };
        if (flush_count > 0) left.tv_nsec = (long)(flushes[0].due_ns - now);
        if (ppoll(waits, 2, flush_count > 0 ? &left : NULL, NULL) < 0 && errno != EINTR) die("disk: poll");
        if (waits[1].revents) {
            ssize_t got = read(0, line + line_length, sizeof line - 1 - line_length);
            if (got <= 0) return 0;
            line_length += (size_t)got, line[line_length] = 0;
            for (char *end; (end = strchr(line, '\n')); ) {
                *end = 0, command(line);
                line_length -= (size_t)(end + 1 - line);
                memmove(line, end + 1, line_length + 1);
            }
        }
        if (waits[0].revents) {
            ssize_t got = read(device, request, room);
            if (got < 0 && errno == ENODEV) return 0; /* unmounted */
            if (got < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOENT)) continue;
            if (got < (ssize_t)sizeof(struct fuse_in_header)) die("disk: request");
            answer((void *)request, request + sizeof(struct fuse_in_header));
        }
    }
}
