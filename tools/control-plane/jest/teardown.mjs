export default async function teardown() {
  await globalThis.__CONTROL_PLANE__?.stop();
}
