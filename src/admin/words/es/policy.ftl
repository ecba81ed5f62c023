## Policy
policy = Reglas
policy-in-force = Vigentes
policy-none = No hay reglas vigentes: todo se rechaza. Proponga reglas.
policy-digest = Huella
policy-rules = Reglas
policy-proposed-by = Propuestas por
policy-approved-by = Aprobadas por
policy-activated-by = Puestas en vigor por
policy-founding = nadie: el registro empezó con ellas
policy-entry = entrada { $entry }
policy-proposals = Propuestas
policy-no-proposals = No hay nada propuesto. Las reglas cambian entre dos personas: una propone, otra aprueba.
policy-propose-others = Proponer otras reglas
policy-nobody-yet = nadie todavía
policy-numbers = Números del contrato
policy-key = Clave
policy-value = Valor

## Rules
policy-rule-by-rule = Regla por regla
policy-permits = permite
policy-forbids = prohíbe
policy-reason = Motivo que se comunica al solicitante
policy-obligations = Obligaciones
policy-files = Ficheros
policy-differences = Diferencias con las reglas vigentes
policy-no-differences = No hay ninguna.
policy-new-file = nuevo
policy-gone-file = retirado
policy-line = Desde la línea { $line }

## A proposal
policy-proposal = Propuesta { $digest }
policy-approve-what = La aprueba una segunda persona: no quien la propuso. Lea lo que cambia y pruébela con solicitudes pasadas.
policy-activate-what = Está aprobada. Una vez en vigor decide desde la siguiente solicitud; las transferencias en curso se vuelven a consultar.
policy-approve = Aprobar
policy-activate = Poner en vigor
policy-withdraw = Retirar
policy-back = Volver a las reglas vigentes

## Proposing and trying
policy-propose-what = El texto completo de las reglas. Nada se decide con él hasta que otra persona lo apruebe y alguien lo ponga en vigor. Un fichero sin texto se omite.
policy-another-file = Otro fichero
policy-file-name = Fichero { $name }
policy-file = Fichero
policy-text = Texto
policy-check = Comprobar
policy-try = Probar con solicitudes pasadas
policy-propose = Proponer
policy-try-what = Probarla
policy-last = Con tantas de las últimas decisiones
policy-check-result = Resultado de la comprobación
policy-faults =
    { $count ->
        [one] Una falta: así no se puede proponer.
       *[other] { $count } faltas: así no se puede proponer.
    }
policy-warnings =
    { $count ->
        [one] Ninguna falta, una advertencia.
       *[other] Ninguna falta, { $count } advertencias.
    }
policy-sound =
    { $rules ->
        [one] Una regla, nada que señalar.
       *[other] { $rules } reglas, nada que señalar.
    }
policy-findings = Hallazgos
policy-kind = Tipo
policy-fault = falta
policy-warning = advertencia
policy-line-number = Línea
policy-rule = Regla
policy-backtest-result = Lo que se habría respondido
policy-asked-again = Decisiones consultadas de nuevo
policy-now-refused = Rechazadas en vez de permitidas
policy-now-permitted = Permitidas en vez de rechazadas
policy-now-otherwise = Otro motivo u otras obligaciones
policy-cut = Faltó tiempo: no se consultaron de nuevo todas estas decisiones. credence policy backtest se toma el tiempo que necesita.
policy-same-answers = Todas se habrían respondido como se respondieron.
policy-answers-differ = Respuestas que serían otras
policy-more-differences =
    { $count ->
        [one] Una más no aparece.
       *[other] { $count } más no aparecen.
    }
policy-backtest-hint = Con los consentimientos y puntuaciones de entonces. No se reproducen las consecuencias posteriores.
policy-recipient = Destinatario
policy-change = Cambio
policy-was = Era
policy-would-be = Sería
policy-change-refused = ahora rechazada
policy-change-permitted = ahora permitida
policy-change-otherwise = de otro modo
policy-rules-decided = reglas
policy-errors = errores
