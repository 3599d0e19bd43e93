import { describeRelay } from '../../contracts/relay.ts';
import { SimulatedNetwork, type SimulatedRelay } from '../../support/simulated-relay.ts';

describeRelay('the simulated relay', async () => {
  const network = new SimulatedNetwork();
  const relays: SimulatedRelay[] = [];
  return {
    async join() {
      const relay = network.join();
      relays.push(relay);
      return relay;
    },
    async [Symbol.asyncDispose]() {
      for (const relay of relays) relay.die();
    },
  };
});
