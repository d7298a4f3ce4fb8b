"""The machines, as Node Exporter tells them."""

from infra.grafana.panel import Board, Choice, Panel, Row

CHOSEN = 'instance=~"$instance"'
DISKS = f'{CHOSEN},fstype!~"tmpfs|overlay|squashfs|ramfs"'
"""Of file systems: those that something can fill up."""
WIRES = f'{CHOSEN},device!~"lo|veth.*|docker.*|br-.*|cali.*|cni.*|flannel.*|ifb.*"'
DEVICES = f'{CHOSEN},device!~"loop.*|ram.*|sr.*"'
IDLE, BUSY = f'{CHOSEN},mode="idle"', f'{CHOSEN},mode!="idle"'
CORES = f"count by (instance) (node_cpu_seconds_total{{{IDLE}}})"
AVAILABLE = f"node_memory_MemAvailable_bytes{{{CHOSEN}}}"
TOTAL = f"node_memory_MemTotal_bytes{{{CHOSEN}}}"


def rate(metric: str, selector: str = CHOSEN) -> str:
    """A second's increase of a counter."""
    return f"rate({metric}{{{selector}}}[$__rate_interval])"


def least_free(free: str, size: str) -> str:
    """What a device has free, as a share: the same one may be mounted at several places."""
    return f"min by (instance, device) ({free}{{{DISKS}}} / ({size}{{{DISKS}}} > 0))"


CPU = Row(
    "CPU and load",
    (
        Panel(
            "CPU by mode",
            "percentunit",
            "share of all cores",
            "steal: the host gave the time to others.",
            {"{{mode}}": f"avg by (mode) ({rate('node_cpu_seconds_total', BUSY)})"},
            alerts=("CpuBusy",),
            stacked=True,
            most=1,
        ),
        Panel(
            "Load for each core",
            "short",
            "processes a core",
            "Who runs or wants to, averaged over 1, 5 and 15 minutes; above 1 somebody waits.",
            {
                f"{{{{instance}}}} {minutes} min": f"node_load{minutes}{{{CHOSEN}}}"
                f" / on (instance) {CORES}"
                for minutes in (1, 5, 15)
            },
            alerts=("CpuBusy",),
        ),
        Panel(
            "Processes",
            "short",
            "processes",
            "That run, and that wait for a disk.",
            {
                "{{instance}} running": f"node_procs_running{{{CHOSEN}}}",
                "{{instance}} blocked": f"node_procs_blocked{{{CHOSEN}}}",
            },
        ),
    ),
)

MEMORY = Row(
    "Memory",
    (
        Panel(
            "Memory",
            "bytes",
            "memory",
            "available: what programs can still have, the page cache being given up.",
            {
                "{{instance}} total": TOTAL,
                "{{instance}} available": AVAILABLE,
                "{{instance}} page cache": f"node_memory_Cached_bytes{{{CHOSEN}}}",
            },
            alerts=("MemoryShort",),
        ),
        Panel(
            "Available memory",
            "percentunit",
            "share",
            "Somebody is called below a tenth.",
            {"{{instance}}": f"{AVAILABLE} / {TOTAL}"},
            alerts=("MemoryShort",),
            limit=0.1,
            most=1,
        ),
        Panel(
            "Major page faults",
            "cps",
            "faults",
            "Pages fetched from a disk because memory lacked them.",
            {"{{instance}}": rate("node_vmstat_pgmajfault")},
        ),
    ),
)

SPACE = Row(
    "Space on disks",
    (
        Panel(
            "Free space",
            "percentunit",
            "share",
            "Of each device, for programs without root's reserve.",
            {"{{device}}": least_free("node_filesystem_avail_bytes", "node_filesystem_size_bytes")},
            alerts=("DiskNearlyFull", "DiskFilling"),
            most=1,
        ),
        Panel(
            "Free space a day from now",
            "bytes",
            "space",
            "As the last six hours go on; below zero somebody is called.",
            {
                "{{device}}": "min by (instance, device) "
                f"(predict_linear(node_filesystem_avail_bytes{{{DISKS}}}[6h], 86400))"
            },
            alerts=("DiskFilling",),
            limit=0,
            least=None,
        ),
        Panel(
            "Free inodes",
            "percentunit",
            "share",
            "Of each device: files that it can still take.",
            {"{{device}}": least_free("node_filesystem_files_free", "node_filesystem_files")},
            most=1,
        ),
    ),
)

DISK = Row(
    "Work of disks",
    (
        Panel(
            "Read and written",
            "Bps",
            "bytes",
            "By disk.",
            {
                "{{device}} read": rate("node_disk_read_bytes_total", DEVICES),
                "{{device}} written": rate("node_disk_written_bytes_total", DEVICES),
            },
        ),
        Panel(
            "Busy disks",
            "percentunit",
            "share of time",
            "In which a disk had something to do.",
            {"{{device}}": rate("node_disk_io_time_seconds_total", DEVICES)},
        ),
        Panel(
            "Waiting for a disk",
            "percentunit",
            "share of time",
            "Pressure: the time in which somebody waited for one.",
            {"{{instance}}": rate("node_pressure_io_waiting_seconds_total")},
            empty="The kernel does not tell: it was built without CONFIG_PSI.",
        ),
    ),
)

NETWORK = Row(
    "Network",
    (
        Panel(
            "Received and sent",
            "Bps",
            "bytes",
            "By wire; those inside the machine are left out.",
            {
                "{{device}} received": rate("node_network_receive_bytes_total", WIRES),
                "{{device}} sent": rate("node_network_transmit_bytes_total", WIRES),
            },
        ),
        Panel(
            "Lost and faulty packets",
            "pps",
            "packets",
            "Of all wires.",
            {
                f"{way} {what}": f"sum({rate(f'node_network_{way}_{what}_total', WIRES)})"
                for way in ("receive", "transmit")
                for what in ("drop", "errs")
            },
        ),
        Panel(
            "TCP connections",
            "short",
            "connections",
            "Established now.",
            {"{{instance}}": f"node_netstat_Tcp_CurrEstab{{{CHOSEN}}}"},
        ),
    ),
)

BOARD = Board(
    "movierec-machine",
    "movierec: machine",
    "CPU, memory, disks and network, as Node Exporter tells them.",
    (Choice("instance", "Machine", "node_uname_info"),),
    (CPU, MEMORY, SPACE, DISK, NETWORK),
)
