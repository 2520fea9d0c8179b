import { catalogOf } from './input/catalog.ts';
import { formatPlace } from './input/documents.ts';
import { type UnknownObject } from './input/objects.ts';
import { type Input, readInput } from './input/read-input.ts';
import { type OutputFormat, type Printable } from './output.ts';
import { checkMigration, migrationText } from './migrate/check-migration.ts';
import { deployedOf, withoutOwnRegistrations } from './migrate/deployed.ts';
import { planCluster } from './plan/plan-cluster.ts';
import { planText } from './plan/plan-text.ts';
import { renderNetworks, renderText } from './render/render-networks.ts';
import { type Streams } from './streams.ts';
import { validateObjects, verdictsText } from './validate/validate-objects.ts';

/** Options of a command, as commander gives them. */
interface CommandOptions {
  readonly filename: readonly string[];
  readonly recursive: boolean;
  readonly output: OutputFormat;
  readonly operatorNamespace: string;
  readonly resourcePrefix: string;
  readonly supportedNicsOnly: boolean;
}

/** The options as given, before the input is read. The input decides a namespace that is not given. */
export type GivenOptions = Omit<CommandOptions, 'operatorNamespace'> & {
  readonly operatorNamespace?: string | undefined;
};

/** What a command found. */
export interface CommandResult {
  readonly result: Printable;
  /** Sentences for standard error. */
  readonly notes: readonly string[];
  /** What is refused and therefore missing from the result. */
  readonly errors: readonly string[];
  /** The answer is no: the cluster would refuse some of the input, or a move would not leave all as it is. */
  readonly isRefused: boolean;
}

/** A command: from the objects of the files to a result. */
export interface CommandDefinition {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** For the help text of the command. */
  readonly description: string;
  /** It also reads what an operator consists of: workloads and webhooks. */
  readonly withDeployed?: boolean;
  /** A flag that has to be given, because the command may come to do more than that one day. */
  readonly mode?: { readonly flag: string; readonly summary: string };
  readonly run: (input: Input, options: CommandOptions) => CommandResult;
}

/** The commands, in the order of the help text. */
export const COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'plan',
    summary: 'show what policies would change on each node',
    description:
      'Plans every node as the policy controller does. It reads objects of the kinds SriovNetworkNodePolicy, SriovNetworkPoolConfig, SriovOperatorConfig, Node and SriovNetworkNodeState, and the ConfigMap supported-nic-ids. If the input has the ConfigMap device-plugin-config, it also shows how resources change.',
    run: runPlan,
  },
  {
    name: 'render',
    summary: 'show the NetworkAttachmentDefinitions that networks become',
    description: 'Renders SriovNetwork, SriovIBNetwork and OVSNetwork as the network renderer does.',
    run: runRender,
  },
  {
    name: 'validate',
    summary: 'show what admission would say about each object',
    description:
      'Judges each object as the admission webhook would, if somebody created it in a cluster that has all other objects of the input.',
    run: runValidate,
  },
  {
    name: 'migrate',
    summary: "check what a move from upstream's operator would change",
    description:
      "Says what a move from upstream's operator to this one would change, and what has to be put right first. It changes nothing. It reads what plan reads, and Deployments, DaemonSets and webhook configurations; with the ConfigMap operand-settings of the chart in the input it knows which device plugin you chose.",
    withDeployed: true,
    mode: { flag: '--check', summary: 'look, and change nothing' },
    run: runMigrate,
  },
];

/** Reads the files and runs the command on them. */
export async function runCommand(
  command: CommandDefinition,
  options: GivenOptions,
  stdin: Streams['stdin'],
): Promise<CommandResult> {
  const input = await readInput(
    { paths: options.filename, recursive: options.recursive, stdin },
    { namespace: options.operatorNamespace, withDeployed: command.withDeployed ?? false },
  );
  const { notes, ...rest } = command.run(input, { ...options, operatorNamespace: input.operatorNamespace });
  return { ...rest, notes: [...input.notes, ...notes] };
}

/** Notes on objects of our group that are ignored. Commands that give no verdict would otherwise not mention them. */
function unknownNotes(unknown: readonly UnknownObject[]): string[] {
  return unknown.map(
    ({ place, kind, name, message }) => `${formatPlace(place)}: ${kind} ${name} is ignored: ${message}`,
  );
}

function runPlan({ objects, unknown }: Input, options: CommandOptions): CommandResult {
  const catalog = catalogOf(objects, options.operatorNamespace);
  const plan = planCluster(catalog, options);
  const nodes = plan.nodes.map(({ plan: { name, spec, devicePluginConfig, devicePluginLabel }, hold }) => ({
    name,
    spec,
    devicePluginConfig,
    devicePluginLabel,
    ...(hold && { held: { reason: hold.reason, message: hold.message } }),
  }));
  return {
    result: { text: () => planText(plan, options), value: { nodes, problems: plan.problems } },
    notes: [...unknownNotes(unknown), ...catalog.notes, ...plan.notes],
    errors: [],
    isRefused: false,
  };
}

function runRender({ objects, unknown }: Input, options: CommandOptions): CommandResult {
  const { rendered, refusals, notes } = renderNetworks(objects, options);
  const attachments = rendered.map(({ attachment }) => attachment);
  return {
    result: { text: () => renderText(rendered), value: attachments, documents: attachments },
    notes: [
      ...unknownNotes(unknown),
      ...(rendered.length + refusals.length === 0 ? ['there is no network in the input'] : notes),
    ],
    errors: refusals,
    isRefused: refusals.length > 0,
  };
}

function runValidate({ objects, unknown }: Input, options: CommandOptions): CommandResult {
  const catalog = catalogOf(objects, options.operatorNamespace);
  const verdicts = validateObjects({ objects, unknown }, catalog, options);
  return {
    result: {
      text: () => verdictsText(verdicts),
      value: verdicts.map(({ kind, namespace, name, allowed, message, warnings, patch }) => ({
        kind,
        namespace,
        name,
        allowed,
        message,
        warnings,
        patch,
      })),
    },
    notes: [
      ...catalog.notes,
      ...(verdicts.length === 0 ? ['there is nothing in the input that admission judges'] : []),
    ],
    errors: [],
    isRefused: verdicts.some(({ allowed }) => !allowed),
  };
}

function runMigrate({ objects: given, unknown }: Input, options: CommandOptions): CommandResult {
  const { operatorNamespace } = options;
  const objects = withoutOwnRegistrations(given);
  const catalog = catalogOf(objects, operatorNamespace);
  const plan = planCluster(catalog, options);
  const deployed = deployedOf(objects, operatorNamespace);
  const check = checkMigration({ catalog, plan, deployed, operatorNamespace, style: options });
  return {
    result: { text: () => migrationText(check), value: { verdict: check.verdict, findings: check.findings } },
    notes: [...unknownNotes(unknown), ...catalog.notes, ...plan.notes],
    errors: [],
    isRefused: check.verdict !== 'nothing-disturbed',
  };
}
