/** What the host asks of the agent in the guest; each request has one answer. Lines of JSON, both ways. */
export type AgentRequest =
  | { readonly op: 'run'; readonly command: string; readonly args: readonly string[]; readonly timeoutMs: number }
  | { readonly op: 'follow'; readonly command: string; readonly args: readonly string[] }
  | { readonly op: 'start'; readonly name: string; readonly command: string; readonly args: readonly string[] }
  | { readonly op: 'signal'; readonly name: string; readonly signal: NodeJS.Signals }
  | { readonly op: 'read' | 'list' | 'readlink'; readonly path: string }
  | { readonly op: 'write'; readonly path: string; readonly text: string }
  | { readonly op: 'get'; readonly url: string };

/** How a command ended; 137 when it was killed at its deadline. */
export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** An answer, or news that nobody asked for. */
export type AgentMessage =
  /** The guest has booted: release of its kernel. */
  | { readonly hello: string }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string }
  | { readonly id: number; readonly line: string }
  | { readonly ended: { readonly name: string; readonly how: string } };

/** Name of the virtio-serial port between the two. */
export const AGENT_PORT = 'sriov.agent';
