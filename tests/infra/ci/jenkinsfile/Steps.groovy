import java.nio.file.FileSystems
import java.nio.file.Files
import java.nio.file.LinkOption
import java.nio.file.Path
import java.nio.file.StandardCopyOption
import javax.xml.parsers.DocumentBuilderFactory

/** The steps that ours uses. */
class Steps extends Block {
  private final Build build
  private final Map env

  Steps(Build build, Map env) {
    this.build = build
    this.env = env
  }

  String title() { "steps of ${env.STAGE_NAME}" }

  Map getEnv() { env }

  Map getCurrentBuild() { [currentResult: build.result] }

  /** Run by `sh -xe`, as Jenkins does: what it traces is in the log. */
  void sh(Object given) {
    def command = Arguments.literal('sh', given)
    did('sh', command)
    if (build.aborted && !build.failed) throw new Stopped('ABORTED', 'aborted')
    def cookie = "JENKINS_SERVER_COOKIE=durable-${UUID.randomUUID()}".toString()
    def script = File.createTempFile('script', '.sh', build.folder)
    script.text = command
    def start = new ProcessBuilder('sh', '-xe', script.path)
      .directory(build.workspace).redirectErrorStream(true)
    start.environment().clear()
    start.environment().putAll(env)
    start.environment().put(*cookie.split('=', 2))
    build.running << cookie
    try {
      def process = start.start()
      process.outputStream.close()
      process.inputStream.eachLine { build.say(it) }
      def status = process.waitFor()
      if (build.aborted && !build.failed) throw new Stopped('ABORTED', 'aborted')
      if (status) throw new Stopped('FAILURE', "script returned exit code ${status}")
    } finally {
      build.running.remove(cookie)
    }
  }

  /** Bind each credential to variables of the steps inside, and keep it out of the log. */
  void withCredentials(List<Map> bindings, Closure body) {
    did('withCredentials', bindings*.id)
    build.secrets.addAll(bindings.collectMany { it.secrets })
    new Steps(build, env + bindings.collectEntries { it.variables }).read(body)
  }

  Map string(Map given) {
    Arguments.check('string', given, ['credentialsId', 'variable'])
    def secret = credential(given.credentialsId).secret
    return [id: given.credentialsId, secrets: [secret], variables: [(given.variable): secret]]
  }

  Map usernamePassword(Map given) {
    Arguments.check('usernamePassword', given, ['credentialsId', 'usernameVariable', 'passwordVariable'])
    def found = credential(given.credentialsId)
    return [id: given.credentialsId, secrets: [found.password],
      variables: [(given.usernameVariable): found.username, (given.passwordVariable): found.password]]
  }

  /** A helper that git asks for name and password. */
  Map gitUsernamePassword(Map given) {
    Arguments.check('gitUsernamePassword', given, ['credentialsId', 'gitToolName'])
    def found = credential(given.credentialsId)
    def helper = new File(build.folder, 'askpass.sh')
    helper.text = '#!/bin/sh\ncase "$1" in Username*) echo "$GIT_USERNAME" ;; *) echo "$GIT_PASSWORD" ;; esac\n'
    helper.setExecutable(true)
    return [id: given.credentialsId, secrets: [found.password], variables: [
      GIT_ASKPASS: helper.path, GIT_USERNAME: found.username, GIT_PASSWORD: found.password]]
  }

  /** A failed case makes the build unstable; no file at all fails the step. */
  void junit(Map given) {
    Arguments.check('junit', given, ['testResults'], ['allowEmptyResults', 'skipMarkingBuildUnstable'])
    def files = matching(given.testResults)
    did('junit', files*.toString())
    if (!files && !given.allowEmptyResults) {
      throw new Stopped('FAILURE', 'No test report files were found. Configuration error?')
    }
    def bad = files.sum(0) { file ->
      def document = xml(file)
      ['failure', 'error'].sum { document.getElementsByTagName(it).length }
    }
    if (bad && !given.skipMarkingBuildUnstable) build.worsen('UNSTABLE')
  }

  void junit(String files) { junit(testResults: files) }

  void recordCoverage(Map given) {
    Arguments.check('recordCoverage', given, ['tools'])
    given.tools.each { tool ->
      Arguments.check('a tool of recordCoverage', tool, ['parser', 'pattern'])
      if (tool.parser != 'COBERTURA') throw new Refused("recordCoverage: parser ${tool.parser}")
      def files = matching(tool.pattern)
      did('recordCoverage', files.collect { xml(it).documentElement.getAttribute('line-rate') })
    }
  }

  void publishHTML(Map given) {
    Arguments.check('publishHTML', given, ['target'])
    Arguments.check('publishHTML', given.target, ['reportName', 'reportDir', 'reportFiles',
      'keepAll', 'alwaysLinkToLastBuild', 'allowMissing'])
    def page = new File(new File(build.workspace, given.target.reportDir), given.target.reportFiles)
    did('publishHTML', given.target.reportName)
    if (page.exists()) keep(page.toPath(), "html/${given.target.reportName}/${page.name}")
    else if (!given.target.allowMissing) throw new Stopped('FAILURE', "${page} does not exist")
  }

  void plot(Map given) {
    Arguments.check('plot', given, ['csvFileName', 'group', 'title', 'style', 'csvSeries'])
    def files = given.csvSeries.collectMany { one ->
      Arguments.check('a series of plot', one, ['file'])
      matching(one.file)
    }
    did('plot', files*.toString())
  }

  void archiveArtifacts(Map given) {
    Arguments.check('archiveArtifacts', given, ['artifacts'], ['excludes', 'allowEmptyArchive'])
    def files = matching(given.artifacts) - matching(given.excludes ?: '')
    did('archiveArtifacts', files*.toString())
    if (!files && !given.allowEmptyArchive) throw new Stopped('FAILURE', 'No artifacts found')
    files.each { keep(build.workspace.toPath().resolve(it), "archive/${it}") }
  }

  void slackSend(Map given) {
    Arguments.check('slackSend', given, ['color', 'message'])
    did('slackSend', given.message.toString())
    build.say("Slack: ${given.message}")
  }

  void deleteDir() {
    did('deleteDir', build.workspace.path)
    remove(build.workspace.toPath())
  }

  /** Links themselves, as Jenkins does, and never what they lead to: Groovy's own would. */
  private void remove(Path path) {
    if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
      Files.list(path).withCloseable { it.toList() }.each { remove(it) }
    }
    Files.deleteIfExists(path)
  }

  private void did(String step, Object what) {
    build.event(stage: env.STAGE_NAME, step: step, what: what)
    build.say("[${env.STAGE_NAME}] ${step}")
  }

  private Map credential(String id) {
    def found = build.credentials[id]
    if (found == null) throw new Stopped('FAILURE', "Could not find credentials entry with ID '${id}'")
    return found
  }

  private Object xml(Path file) {
    def factory = DocumentBuilderFactory.newInstance()
    factory.setFeature('http://apache.org/xml/features/nonvalidating/load-external-dtd', false)
    return factory.newDocumentBuilder().parse(build.workspace.toPath().resolve(file).toFile())
  }

  /** The files of the workspace, relative to it, that Ant's patterns, joined by commas, name. */
  private List<Path> matching(String patterns) {
    def root = build.workspace.toPath()
    if (!patterns || !Files.exists(root)) return []
    def wanted = patterns.split(',').collect { FileSystems.default.getPathMatcher("glob:${it.trim()}") }
    def found = []
    root.toFile().eachFileRecurse(groovy.io.FileType.FILES) { file ->
      def relative = root.relativize(file.toPath())
      if (!relative.startsWith('.git') && wanted.any { it.matches(relative) }) found << relative
    }
    return found.sort()
  }

  private void keep(Path file, String name) {
    def target = build.folder.toPath().resolve(name)
    Files.createDirectories(target.parent)
    Files.copy(file, target, StandardCopyOption.REPLACE_EXISTING)
  }
}
