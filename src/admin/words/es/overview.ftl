## Overview
overview = Resumen
tile-under-way = En curso
tile-arrived = Imágenes, último día
tile-permitted = Permitidas, último día
tile-refused = Denegadas, último día
tile-waiting = En espera en las colas
tile-ledger = Entradas del registro
last-day = El último día
plot-day = Solicitudes del último día por hora, permitidas y denegadas
nothing-yet = Aún no se ha solicitado nada. Apunte una modalidad o una estación al título AE de la pasarela y aparecerá aquí.
refused-of-the-day = Denegadas, último día
nothing-refused = No se denegó nada en el último día.
queues = Colas
no-queues = Ninguna ruta usa cola, así que nada espera.
scores = Puntuaciones
no-scores = Ninguna institución tiene aún puntuación propia: cada una cuenta como 500.

## States of queues
queue-state-idle = inactiva
queue-state-working = en marcha
queue-state-down = destino inaccesible
queue-state-busy = destino ocupado
queue-state-not-recorded = no registrable
queue-state-paused = en pausa
queue-state-no-peer = sin nodo
queue-state-not-served = no atendida

no-alerts = Nada requiere atención.
alerts-standing = Requiere atención
flowing-now = En curso
nothing-flows = Nadie está conectado.
ending-soon = Caduca pronto
nothing-ends = Ningún certificado ni lista de revocación caduca pronto.
head-how-bad = Gravedad
head-last = Última vez
head-times = Veces
head-association = Asociación
head-operation = Operación
head-requests = Solicitudes
head-since = Desde
head-ends = Fin
severity-success = buena noticia
severity-minor = leve
severity-serious = serio
severity-major = grave
see-all = Ver todo
