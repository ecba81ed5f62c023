## Peers
peers = Peers and queues
