import groovy.json.JsonOutput
import java.util.concurrent.ConcurrentHashMap

/** A step that ended its stage, and what the build's result is by that. */
class Stopped extends RuntimeException {
  final String result

  Stopped(String result, String message) {
    super(message)
    this.result = result
  }
}

/** One build: its workspace, its result, what it logs, and the processes that it started. */
class Build {
  static final WORSE = ['SUCCESS', 'UNSTABLE', 'FAILURE', 'ABORTED']
  final File workspace, folder
  final Map env, credentials
  final Set secrets = ConcurrentHashMap.newKeySet()
  final Set running = ConcurrentHashMap.newKeySet()
  final File abortsAt
  volatile String result = 'SUCCESS'
  volatile boolean failed, aborted, closed
  private final PrintWriter events, log, raw

  Build(Map scenario) {
    workspace = new File(scenario.workspace)
    folder = new File(scenario.folder)
    env = new ConcurrentHashMap(System.getenv() + scenario.env + [WORKSPACE: workspace.path])
    credentials = scenario.credentials
    abortsAt = scenario.abortsAt ? new File(scenario.abortsAt) : null
    (events, log, raw) = ['events.jsonl', 'log', 'raw'].collect { new File(folder, it).newPrintWriter() }
  }

  synchronized void event(Map fields) {
    events.println(JsonOutput.toJson(fields))
    events.flush()
  }

  /** A line for people, with every secret that was ever bound put out of sight. */
  synchronized void say(String line) {
    raw.println(line)
    log.println(secrets.inject(line) { text, secret -> text.replace(secret, '****') })
    raw.flush()
    log.flush()
  }

  synchronized void worsen(String to) {
    if (WORSE.indexOf(to) > WORSE.indexOf(result)) result = to
  }

  synchronized void fail(String to, String stage, String why) {
    worsen(to)
    failed = true
    event(stage: stage, failed: why)
    say("ERROR: ${why}")
  }

  /** Do something; what still runs after so many seconds is ended, and the result is ABORTED. */
  void within(Long seconds, Closure body) {
    if (seconds == null) { body(); return }
    def mine = new Timer(true)
    def late = false
    mine.schedule({ late = true; end() } as TimerTask, seconds * 1000)
    try {
      body()
    } catch (Stopped stopped) {
      throw late ? new Stopped('ABORTED', "timeout after ${seconds} s") : stopped
    } finally {
      mine.cancel()
    }
  }

  /** Wait for the abort that the scenario orders. */
  void watch() {
    if (abortsAt == null) return
    Thread.startDaemon {
      while (!closed && !abortsAt.exists()) sleep(20)
      if (!closed) { aborted = true; event(aborting: true); end() }
    }
  }

  /** Jenkins asks every process that has the build's cookie in its environment to end. */
  void end() {
    running.each { cookie ->
      ProcessHandle.allProcesses().filter { has(it.pid(), cookie) }.forEach { it.destroy() }
    }
  }

  private static boolean has(long pid, String cookie) {
    try {
      return new File("/proc/${pid}/environ").text.contains(cookie)
    } catch (IOException gone) {
      return false
    }
  }

  void close() {
    closed = true
    [events, log, raw]*.close()
  }
}
