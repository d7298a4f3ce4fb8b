// A stand-in for Jenkins, for tests: executes a declarative Jenkinsfile on this machine. It gives the
// documented meaning of the directives and steps that ours uses, really runs every `sh`, and refuses
// a directive, a step or an argument that it does not know. What only Jenkins itself can show (its
// plugins' pages, its queue, agents, the sandbox) it does not.
//
//     java -cp groovy.jar:groovy-json.jar:CLASSES Harness SCENARIO.json …
//
// The scenario names the Jenkinsfile, a workspace that is checked out, a folder for what Jenkins keeps
// (log, raw log, events, archive, published pages), the environment, credentials, and a file whose
// coming aborts the build. Ends with 0 whatever the build's result; events.jsonl has that.
import groovy.json.JsonSlurper
import org.codehaus.groovy.control.CompilerConfiguration

args.each { name ->
  def scenario = new JsonSlurper().parse(new File(name))
  def build = new Build(scenario)
  def configuration = new CompilerConfiguration(scriptBaseClass: Top.name)
  try {
    def script = new GroovyShell(Top.classLoader, new Binding(), configuration)
      .parse(new File(scenario.jenkinsfile))
    script.run()
    if (script.model == null) throw new Refused('no `pipeline` in it')
    build.watch()
    new Execution(build, script.model).run()
  } catch (Refused refused) {
    build.event(refused: refused.message)
  } finally {
    build.close()
  }
}
System.exit(0)
