/** How an application gets what this page has. */
export function ConnectCard({ url }: { readonly url: string }) {
  const code = `new HeadwaterProvider({\n  url: '${url}',\n  name: 'my-document',\n});`;
  return (
    <section class="card" aria-labelledby="connect">
      <h2 id="connect">Your own editor</h2>
      <p class="hint">
        @headwater/client binds any Yjs editor. An application with y-websocket or @hocuspocus/provider changes its URL.
      </p>
      <pre tabIndex={0} aria-label="How to connect">
        <code>{code}</code>
      </pre>
    </section>
  );
}
